with interactions as (
    select customer_id, occurred_at from {{ ref('fct_web_events') }}
    union all
    select customer_id, occurred_at from {{ ref('fct_email_events') }} where event_type in ('open', 'click')
    union all
    select customer_id, ordered_at as occurred_at from {{ ref('fct_orders') }} where order_kind = 'sale'
),

days as (
    select
        customer_id,
        cast(occurred_at as date) as active_on,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at
    from interactions
    where
        customer_id is not null
        and occurred_at > {{ kept_since('re_engagement') }}
        and occurred_at <= {{ as_of() }}
    group by customer_id, cast(occurred_at as date)
),

silences as (
    select
        customer_id,
        last_at as began_at,
        lead(first_at) over (partition by customer_id order by active_on nulls last) as ended_at
    from days
),

-- Data that arrive late move the beginning of a silence: the one that was on record then is still this one.
recorded as (
    select silences.customer_id, silences.began_at, min(recorded.occasion_id) as occasion_id
    from silences
    inner join {{ ref('int_occasions__recorded') }} as recorded
        on silences.customer_id = recorded.customer_id
        and silences.began_at >= recorded.occurred_at
        and silences.began_at < recorded.due_at
    where recorded.trigger_name = 're_engagement'
    group by silences.customer_id, silences.began_at
),

found as (
    select
        coalesce(
            recorded.occasion_id, 'silence:' || silences.customer_id || ':' || cast(cast(silences.began_at as date) as string)
        ) as occasion_id,
        silences.customer_id,
        cast(cast(silences.began_at as date) as string) as subject_id,
        silences.began_at as occurred_at,
        silences.ended_at as fulfilled_at,
        {{ seconds_between('silences.began_at', 'coalesce(silences.ended_at, ' ~ as_of() ~ ')') }} / 86400.0 as measure,
        {{ json_text({'trigger': "'re_engagement'", 'last_seen_at': 'cast(silences.began_at as string)'}) }} as evidence
    from silences
    left join recorded on silences.customer_id = recorded.customer_id and silences.began_at = recorded.began_at
)

{{ occasions('re_engagement', 'found', at_least='arms.delay_minutes / 1440.0', names_customer=true) }}
