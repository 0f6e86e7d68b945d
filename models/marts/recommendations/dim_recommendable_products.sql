-- Each customer counts once for a product, by their last purchase of it.
with purchases as (
    select customer_id, product_id, max(ordered_at) as ordered_at
    from {{ ref('fct_order_lines') }}
    where
        line_kind = 'sale'
        and not is_cancelled
        and customer_id is not null
        and product_id is not null
        and {{ in_last_days_of('ordered_at', 'popular_days') }}
    group by customer_id, product_id
),

-- Decimals, since a sum of doubles depends on the order the engine adds them in.
popularities as (
    select
        product_id,
        count(*) as buyer_count,
        sum(cast(
            power(
                cast(0.5 as double),
                {{ days_between('ordered_at', as_of_date()) }}
                / cast({{ recommendation_setting('popular_half_life_days') }} as double)
            ) as decimal(18, 6)
        )) as popularity
    from purchases
    group by product_id
),

showable as (
    select
        products.product_id,
        products.product_group_id,
        products.title,
        products.brand,
        products.category,
        products.product_url,
        products.image_url,
        coalesce(products.sale_price_amount, products.price_amount) as price_amount,
        products.currency,
        coalesce(popularities.buyer_count, 0) as buyer_count,
        coalesce(popularities.popularity, 0) as popularity,
        row_number() over (
            partition by products.product_group_id
            order by popularities.popularity desc nulls last, products.product_id asc nulls last
        ) as group_position
    from {{ ref('dim_products') }} as products
    left join popularities on products.product_id = popularities.product_id
    where
        products.is_in_stock
        and products.product_url is not null
        and products.image_url is not null
        and coalesce(products.sale_price_amount, products.price_amount) is not null
        and products.currency is not null
),

-- What nobody bought is popular with nobody, and of a product's variants one is enough.
ranked as (
    select
        product_id,
        row_number() over (order by popularity desc nulls last, product_id asc nulls last) as popular_rank,
        row_number() over (
            partition by category order by popularity desc nulls last, product_id asc nulls last
        ) as category_rank
    from showable
    where buyer_count > 0 and group_position = 1
)

select
    showable.product_id,
    showable.product_group_id,
    showable.title,
    showable.brand,
    showable.category,
    showable.product_url,
    showable.image_url,
    showable.price_amount,
    showable.currency,
    showable.buyer_count,
    coalesce(
        cast(
            cast(showable.popularity as double) / nullif(cast(max(showable.popularity) over () as double), 0)
            as decimal(9, 6)
        ),
        0
    ) as popularity,
    ranked.popular_rank,
    case when showable.category is not null then ranked.category_rank end as category_rank
from showable
left join ranked on showable.product_id = ranked.product_id
