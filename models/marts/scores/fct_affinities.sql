with steps as (
    select
        customer_id,
        product_id,
        event_name,
        occurred_at,
        lead(occurred_at) over (partition by visitor_id order by occurred_at nulls last, event_id nulls last) as next_at
    from {{ ref('fct_web_events') }}
    where {{ in_last('occurred_at', '180 day') }}
),

activities as (
    select customer_id, product_id, occurred_at, 'view' as activity, cast(1 as decimal(18, 4)) as quantity
    from steps
    where event_name = 'Product Viewed'

    union all

    -- A pause of more than 30 minutes ends the visit (fct_sessions): how long its last page was looked at, nobody knows.
    select customer_id, product_id, occurred_at, 'dwell_minute',
        cast(least({{ seconds_between('occurred_at', 'next_at') }}, 600) / cast(60 as double) as decimal(18, 4))
    from steps
    where event_name = 'Product Viewed' and next_at <= occurred_at + interval 30 minute

    union all

    select customer_id, product_id, occurred_at, 'cart_add', 1
    from steps
    where event_name = 'Product Added'

    union all

    select customer_id, product_id, ordered_at, 'purchase', 1
    from {{ ref('fct_order_lines') }}
    where line_kind = 'sale' and not is_cancelled and {{ in_last('ordered_at', '180 day') }}
),

by_product as (
    select
        customer_id,
        product_id,
        activity,
        {{ days_between('occurred_at', as_of_date()) }} as age_days,
        sum(quantity) as quantity
    from activities
    where customer_id is not null
    group by customer_id, product_id, activity, {{ days_between('occurred_at', as_of_date()) }}
),

by_value as (
    {%- for dimension in ['category', 'brand'] %}
    select
        by_product.customer_id,
        '{{ dimension }}' as dimension,
        products.{{ dimension }} as value,
        by_product.activity,
        by_product.age_days,
        sum(by_product.quantity) as quantity
    from by_product
    inner join {{ ref('dim_products') }} as products on by_product.product_id = products.product_id
    where products.{{ dimension }} is not null
    group by by_product.customer_id, products.{{ dimension }}, by_product.activity, by_product.age_days
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- Decimals, since a sum of doubles depends on the order the engine adds them in.
scores as (
    select
        by_value.customer_id,
        by_value.dimension,
        by_value.value,
        sum(cast(
            cast(least(by_value.quantity, weights.daily_maximum) as double) * weights.weight
            * power(cast(0.5 as double), by_value.age_days / weights.half_life_days)
            as decimal(18, 6)
        )) as score
    from by_value
    inner join {{ ref('affinity_weights') }} as weights on by_value.activity = weights.activity
    group by by_value.customer_id, by_value.dimension, by_value.value
)

select
    {{ as_of_date() }} as as_of_date,
    customer_id,
    dimension,
    value,
    cast(score as decimal(18, 6)) as score,
    cast(row_number() over (
        partition by customer_id, dimension order by score desc nulls last, value asc nulls last
    ) as int) as affinity_rank,
    cast(
        cast(score as double) / cast(sum(score) over (partition by customer_id, dimension) as double) as decimal(9, 6)
    ) as share
from scores
where score > 0
