with email_events as (

    select * from {{ ref('stg_esp__events') }}

),

holders as (

    select * from {{ ref('int_identity__email_holders') }}

),

refusals as (

    select
        email_event_id,
        email,
        occurred_at,
        unsubscribe_group_id,
        event_type,
        case
            when event_type in ('unsubscribe', 'group_unsubscribe') then 'unsubscribed'
            when event_type = 'spamreport' then 'complained'
            -- A bounce is a hard one unless the ESP says that the server only blocked this mail.
            when event_type = 'bounce' and coalesce(bounce_type, 'bounce') <> 'blocked' then 'hard_bounced'
        end as reason
    from email_events

)

select distinct
    holders.customer_id,
    refusals.reason,
    refusals.email,
    refusals.occurred_at as refused_at,
    refusals.email_event_id as evidence_id,
    case when refusals.event_type = 'group_unsubscribe' then refusals.unsubscribe_group_id end as unsubscribe_group_id
from refusals
inner join holders on refusals.email = holders.email
where refusals.reason is not null
