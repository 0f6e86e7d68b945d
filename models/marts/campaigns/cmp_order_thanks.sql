with occasions as (
    select *
    from {{ ref('fct_occasions') }}
    where campaign = 'order_thanks' and expires_at > {{ as_of() }} - interval 1 day
),

shown as (
    select order_id, sum(quantity) as item_count
    from {{ ref('fct_order_products') }}
    group by order_id
)

select
    occasions.customer_id,
    occasions.occasion_id,
    cast(null as string) as segment,
    occasions.evidence,
    shown.order_id is not null as has_content,
    cast(null as decimal(18, 2)) as expected_value_amount,
    orders.order_id,
    orders.ordered_at,
    shown.item_count
from occasions
inner join {{ ref('fct_orders') }} as orders on occasions.subject_id = orders.order_id
left join shown on orders.order_id = shown.order_id
