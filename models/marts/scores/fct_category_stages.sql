with on_the_site as (
    select
        customer_id,
        product_id,
        min(occurred_at) filter (where event_name = 'Product Viewed') as viewed_at,
        min(occurred_at) filter (where event_name = 'Product Added') as in_cart_at,
        cast(null as timestamp) as bought_at
    from {{ ref('fct_web_events') }}
    where
        customer_id is not null
        and event_name in ('Product Viewed', 'Product Added')
        and occurred_at < {{ as_of() }}
    group by customer_id, product_id
),

bought as (
    select
        customer_id,
        product_id,
        cast(null as timestamp) as viewed_at,
        cast(null as timestamp) as in_cart_at,
        min(ordered_at) as bought_at
    from {{ ref('fct_order_lines') }}
    where customer_id is not null and line_kind = 'sale' and not is_cancelled and ordered_at < {{ as_of() }}
    group by customer_id, product_id
),

by_product as (
    select * from on_the_site
    union all
    select * from bought
),

-- What was published stays, though an order was cancelled since or the product has left the feed: nobody moves back.
reached as (
    select by_product.customer_id, products.category, by_product.viewed_at, by_product.in_cart_at, by_product.bought_at
    from by_product
    inner join {{ ref('dim_products') }} as products on by_product.product_id = products.product_id
    where products.category is not null

    union all

    select customer_id, category, viewed_at, in_cart_at, bought_at
    from {{ ref('int_category_stages__recorded') }}
),

furthest as (
    select
        customer_id,
        category,
        min(viewed_at) as viewed_at,
        min(in_cart_at) as in_cart_at,
        min(bought_at) as bought_at
    from reached
    group by customer_id, category
)

select
    {{ as_of_date() }} as as_of_date,
    customer_id,
    category,
    case when bought_at is not null then 'bought' when in_cart_at is not null then 'in_cart' else 'viewed' end as stage,
    coalesce(bought_at, in_cart_at, viewed_at) as reached_at,
    viewed_at,
    in_cart_at,
    bought_at
from furthest
