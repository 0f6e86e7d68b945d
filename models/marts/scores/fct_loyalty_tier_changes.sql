with orders as (
    select
        customer_id,
        ordered_at,
        net_amount,
        case when order_kind = 'sale' then 1 else 0 end as order_count
    from {{ ref('fct_orders') }}
    where customer_id is not null and not is_cancelled and ordered_at <= {{ as_of() }}
),

-- Every order counts from its time on, and for 365 days.
steps as (
    select customer_id, ordered_at as changed_at, net_amount, order_count
    from orders

    union all

    select customer_id, ordered_at + interval 365 day, -net_amount, -order_count
    from orders
    where ordered_at + interval 365 day <= {{ as_of() }}
),

moments as (
    select customer_id, changed_at, sum(net_amount) as net_amount, sum(order_count) as order_count
    from steps
    group by customer_id, changed_at
),

balances as (
    select
        customer_id,
        changed_at,
        sum(net_amount) over (partition by customer_id order by changed_at nulls last) as net_amount,
        sum(order_count) over (partition by customer_id order by changed_at nulls last) as order_count
    from moments
),

reached as (
    select balances.customer_id, balances.changed_at, coalesce(max(tiers.position), 0) as position
    from balances
    left join {{ ref('loyalty_tiers') }} as tiers
        on balances.net_amount >= tiers.minimum_amount and balances.order_count >= tiers.minimum_order_count
    group by balances.customer_id, balances.changed_at
),

changes as (
    select
        *,
        coalesce(lag(position) over (partition by customer_id order by changed_at nulls last), 0) as previous_position
    from reached
    qualify position <> coalesce(lag(position) over (partition by customer_id order by changed_at nulls last), 0)
)

select
    changes.customer_id,
    changes.changed_at,
    tiers.tier,
    previous_tiers.tier as previous_tier,
    case when changes.position > changes.previous_position then 'up' else 'down' end as direction
from changes
left join {{ ref('loyalty_tiers') }} as tiers on changes.position = tiers.position
left join {{ ref('loyalty_tiers') }} as previous_tiers on changes.previous_position = previous_tiers.position
