with activities as (
    select customer_id, 'email_open' as activity, occurred_at
    from {{ ref('fct_email_events') }}
    where event_type = 'open'

    union all

    select customer_id, 'email_click', occurred_at
    from {{ ref('fct_email_events') }}
    where event_type = 'click'

    union all

    select customer_id, 'web_session', started_at
    from {{ ref('fct_sessions') }}

    union all

    select customer_id, 'cart', created_at
    from {{ ref('fct_carts') }}
    where item_count > 0

    union all

    select customer_id, 'order', ordered_at
    from {{ ref('fct_orders') }}
    where order_kind = 'sale' and not is_cancelled
),

daily_counts as (
    select
        customer_id,
        activity,
        {{ days_between('occurred_at', as_of_date()) }} as age_days,
        count(*) as activity_count
    from activities
    where occurred_at >= {{ as_of() }} - interval 90 day and occurred_at < {{ as_of() }}
    group by customer_id, activity, {{ days_between('occurred_at', as_of_date()) }}
),

-- Decimals, since a sum of doubles depends on the order the engine adds them in.
points as (
    select
        daily_counts.customer_id,
        sum(cast(
            least(daily_counts.activity_count, weights.daily_maximum) * weights.weight
            * power(cast(0.5 as double), daily_counts.age_days / weights.half_life_days)
            as decimal(18, 6)
        )) as points
    from daily_counts
    inner join {{ ref('engagement_weights') }} as weights on daily_counts.activity = weights.activity
    group by daily_counts.customer_id
),

scores as (
    select
        customers.customer_id,
        cast(least(round(coalesce(points.points, 0)), 100) as int) as engagement_score
    from {{ ref('dim_customers') }} as customers
    left join points on customers.customer_id = points.customer_id
    where customers.is_identified
)

select
    {{ as_of_date() }} as as_of_date,
    scores.customer_id,
    scores.engagement_score,
    levels.engagement_level
from scores
left join {{ ref('engagement_levels') }} as levels
    on scores.engagement_score between levels.minimum_score and levels.maximum_score
