with occasions as (
    select * from {{ ref('fct_trigger_occasions') }}
),

-- When a payload was written is the end of its run's day.
sends as (
    select
        campaigns.trigger_name,
        sends.occasion_id,
        min(cast(sends.as_of_date as timestamp) + interval 1 day) as sent_at
    from {{ ref('int_sends__recorded') }} as sends
    inner join {{ ref('dim_campaigns') }} as campaigns on sends.campaign = campaigns.campaign
    where campaigns.trigger_name is not null and sends.as_of_date >= cast({{ as_of() }} - interval 30 day as date)
    group by campaigns.trigger_name, sends.occasion_id
),

-- An occasion that was sent has not been over for 30 days: one that is not there any more has vanished.
judged as (
    select
        sends.trigger_name,
        {{ seconds_between('coalesce(occasions.occurred_at, recorded.occurred_at)', 'sends.sent_at') }} as latency_seconds,
        occasions.occasion_id is null as has_vanished,
        coalesce(occasions.fulfilled_at < occasions.due_at and occasions.fulfilled_at < sends.sent_at, false) as was_cancelled,
        coalesce(occasions.occurred_at < sends.sent_at and occasions.due_at > sends.sent_at, false) as was_early
    from sends
    left join occasions on sends.trigger_name = occasions.trigger_name and sends.occasion_id = occasions.occasion_id
    left join {{ ref('int_occasions__recorded') }} as recorded
        on sends.trigger_name = recorded.trigger_name and sends.occasion_id = recorded.occasion_id
),

sent as (
    select
        trigger_name,
        count(*) as sent_count,
        -- An edit after the send moves the occasion past it; its latency is not known any more.
        percentile_cont(0.5) within group (order by case when latency_seconds >= 0 then latency_seconds end)
            as median_latency_seconds,
        percentile_cont(0.95) within group (order by case when latency_seconds >= 0 then latency_seconds end)
            as p95_latency_seconds,
        count_if(has_vanished) as vanished_count,
        count_if(has_vanished or was_cancelled or was_early) as false_trigger_count
    from judged
    group by trigger_name
),

found as (
    select
        trigger_name,
        count(*) as occasion_count,
        count_if(status = 'cancelled') as cancelled_count,
        count_if(status = 'pending') as pending_count,
        count_if(status = 'due') as due_count,
        count_if(status = 'expired') as expired_count
    from occasions
    where due_at > {{ as_of() }} - interval 30 day
    group by trigger_name
)

select
    {{ as_of_date() }} as as_of_date,
    triggers.trigger_name,
    triggers.is_on,
    coalesce(found.occasion_count, 0) as occasion_count,
    coalesce(found.cancelled_count, 0) as cancelled_count,
    cast(found.cancelled_count as double) / found.occasion_count as cancelled_share,
    coalesce(found.pending_count, 0) as pending_count,
    coalesce(found.due_count, 0) as due_count,
    coalesce(found.expired_count, 0) as expired_count,
    coalesce(sent.sent_count, 0) as sent_count,
    cast(sent.median_latency_seconds as double) as median_latency_seconds,
    cast(sent.p95_latency_seconds as double) as p95_latency_seconds,
    coalesce(sent.vanished_count, 0) as vanished_count,
    coalesce(sent.false_trigger_count, 0) as false_trigger_count,
    cast(sent.false_trigger_count as double) / sent.sent_count as false_trigger_share
from {{ ref('dim_triggers') }} as triggers
left join found on triggers.trigger_name = found.trigger_name
left join sent on triggers.trigger_name = sent.trigger_name
