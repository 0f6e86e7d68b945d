{{ config(meta={'dagster': {'ref': {'name': 'fct_sessions'}}}) }}
-- Every web event is in exactly one session.
with sessions as (
    select coalesce(sum(event_count), 0) as event_count from {{ ref('fct_sessions') }}
),

events as (
    select count(*) as event_count from {{ ref('fct_web_events') }}
)

select sessions.event_count as in_sessions, events.event_count as in_events
from sessions
cross join events
where sessions.event_count <> events.event_count
