with sales as (
    select *
    from {{ ref('fct_orders') }}
    where order_kind = 'sale' and customer_id is not null and ordered_at > {{ kept_since('cross_sell') }}
),

-- A cancelled sale does not cancel the one before: nothing came of it.
next_sales as (
    select
        order_id,
        lead(ordered_at) over (partition by customer_id order by ordered_at nulls last, order_id nulls last) as ordered_at
    from sales
    where not is_cancelled
),

found as (
    select
        'cross_sell:' || sales.order_id as occasion_id,
        sales.customer_id,
        sales.order_id as subject_id,
        sales.ordered_at as occurred_at,
        least(sales.cancelled_at, next_sales.ordered_at) as fulfilled_at,
        {{ json_text({
            'trigger': "'cross_sell'",
            'order_id': 'sales.order_id',
            'ordered_at': 'cast(sales.ordered_at as string)',
        }) }} as evidence
    from sales
    left join next_sales on sales.order_id = next_sales.order_id
)

{{ occasions('cross_sell', 'found') }}
