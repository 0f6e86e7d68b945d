with interactions as (
    select customer_id, occurred_at from {{ ref('fct_web_events') }}

    union all

    select customer_id, occurred_at
    from {{ ref('fct_email_events') }}
    where event_type in ('open', 'click', 'spamreport', 'unsubscribe', 'group_unsubscribe', 'group_resubscribe')

    union all

    select customer_id, ordered_at from {{ ref('fct_orders') }}

    union all

    select customer_id, opened_at from {{ ref('fct_support_tickets') }}
),

active as (
    select distinct customer_id
    from interactions
    where {{ in_last('occurred_at', '30 day') }}
)

select
    customers.customer_id,
    {{ json_text({
        'segment': "'inactive_30d'",
        'known_since': 'cast(customers.first_seen_at as date)',
    }) }} as evidence
from {{ ref('dim_customers') }} as customers
anti join active on customers.customer_id = active.customer_id
where customers.is_identified and customers.first_seen_at < {{ as_of() }} - interval 30 day
