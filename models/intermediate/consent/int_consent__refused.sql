with email_events as (

    select * from {{ ref('stg_esp__events') }}

),

refusals as (

    select
        coalesce(email_event_id, 'row:' || md5({{ source_position() }})) as evidence_id,
        email,
        occurred_at,
        case when event_type = 'group_unsubscribe' then unsubscribe_group_id end as unsubscribe_group_id,
        case
            when event_type in ('unsubscribe', 'group_unsubscribe') then 'unsubscribed'
            when event_type = 'spamreport' then 'complained'
            -- A bounce is a hard one unless the ESP says that the server only blocked this mail.
            when event_type = 'bounce' and coalesce(bounce_type, 'bounce') <> 'blocked' then 'hard_bounced'
        end as reason
    from email_events

)

select
    readers.customer_id,
    refusals.reason,
    refusals.email,
    -- A copy whose time cannot be read says no more than the copies whose time can.
    max(refusals.occurred_at) as refused_at,
    refusals.evidence_id,
    refusals.unsubscribe_group_id
from refusals
inner join {{ ref('int_consent__address_readers') }} as readers on refusals.email = readers.email
where refusals.reason is not null
group by readers.customer_id, refusals.reason, refusals.email, refusals.evidence_id, refusals.unsubscribe_group_id
{{ kept_rows(['customer_id', 'reason', 'email', 'refused_at', 'evidence_id', 'unsubscribe_group_id']) }}
