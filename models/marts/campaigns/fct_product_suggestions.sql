with recipients as (
    select distinct customer_id, has_profiling_consent
    from {{ ref('fct_campaign_messages') }}
),

sale_lines as (
    select customer_id, product_id, ordered_at
    from {{ ref('fct_order_lines') }}
    where line_kind = 'sale' and not is_cancelled and customer_id is not null and product_id is not null
),

-- Whoever has not consented to profiling is shown what everybody is, bought or not.
bought as (
    select distinct sale_lines.customer_id, sale_lines.product_id
    from sale_lines
    inner join recipients on sale_lines.customer_id = recipients.customer_id
    where recipients.has_profiling_consent
),

buyer_counts as (
    select product_id, count(distinct customer_id) as buyer_count
    from sale_lines
    where ordered_at >= {{ as_of() }} - interval 90 day
    group by product_id
),

-- Fifty are enough to leave three for all but the keenest buyers, and keep the next join small.
popular_products as (
    select
        products.product_id,
        products.title,
        products.brand,
        products.category,
        products.product_url,
        products.image_url,
        coalesce(products.sale_price_amount, products.price_amount) as price_amount,
        products.currency,
        buyer_counts.buyer_count,
        cast(buyer_counts.buyer_count as double) / max(buyer_counts.buyer_count) over () as score
    from buyer_counts
    inner join {{ ref('dim_products') }} as products on buyer_counts.product_id = products.product_id
    where
        products.is_in_stock
        and products.title is not null
        and products.product_url is not null
        and products.image_url is not null
        and coalesce(products.sale_price_amount, products.price_amount) is not null
        and products.currency is not null
    qualify row_number() over (order by buyer_counts.buyer_count desc nulls last, products.product_id asc nulls last) <= 50
),

unbought as (
    select recipients.customer_id, popular_products.*
    from recipients
    cross join popular_products
    anti join bought
        on recipients.customer_id = bought.customer_id and popular_products.product_id = bought.product_id
),

ranked as (
    select
        unbought.*,
        row_number() over (
            partition by customer_id
            order by buyer_count desc nulls last, product_id asc nulls last
        ) as position
    from unbought
)

select
    customer_id,
    position,
    product_id,
    title,
    brand,
    category,
    product_url,
    image_url,
    price_amount,
    currency,
    buyer_count,
    'popular' as strategy,
    cast(null as string) as reason_title,
    cast(score as decimal(9, 6)) as score,
    count(*) over (partition by customer_id) as suggestion_count
from ranked
where position <= 3
