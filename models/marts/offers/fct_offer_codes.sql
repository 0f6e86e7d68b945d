with messages as (
    select
        messages.message_id,
        messages.campaign,
        messages.customer_id,
        messages.send_at,
        offers.offer,
        offers.kind,
        offers.percent,
        offers.prefix,
        {{ dbt.dateadd('second', '-1', dbt.dateadd('day', 'offers.valid_days + 1', 'cast(cast(' ~ as_of() ~ ' as date) as timestamp)')) }}
        as offer_expires_at,
        sent.message_id is not null as is_sent,
        sent.code as sent_code
    from {{ ref('fct_campaign_messages') }} as messages
    inner join {{ ref('offers') }} as offers on messages.campaign = offers.campaign
    left join {{ ref('int_offers__messages_sent') }} as sent on messages.message_id = sent.message_id
),

digests as (
    select message_id, prefix, md5(offer || '|' || message_id) as digest
    from messages
    where kind = 'generated' and not is_sent
),

generated as (
    select message_id, coalesce(prefix, '') || {{ offer_code('digest') }} as code
    from digests
),

-- Two of a million billion messages may have the same: then the first has it, and the other goes without.
generated_once as (
    select generated.message_id, generated.code
    from generated
    anti join {{ ref('int_offers__codes_spent') }} as spent on generated.code = spent.code
    qualify row_number() over (partition by generated.code order by generated.message_id nulls last) = 1
),

waiting as (
    select
        message_id,
        offer,
        row_number() over (partition by offer order by message_id nulls last) as place,
        max(send_at) over (partition by offer) as last_send_at
    from messages
    where kind = 'pool' and not is_sent
),

last_sends as (
    select offer, max(last_send_at) as last_send_at
    from waiting
    group by offer
),

-- Those that run out first are given first, and none that has run out when the last message goes.
free as (
    select
        codes.offer,
        codes.code,
        row_number() over (partition by codes.offer order by codes.expires_at nulls last, codes.code nulls last) as place
    from {{ ref('int_offers__codes_listed') }} as codes
    inner join last_sends on codes.offer = last_sends.offer
    anti join {{ ref('int_offers__codes_spent') }} as spent on codes.code = spent.code
    where coalesce(codes.expires_at > last_sends.last_send_at, true)
),

assigned as (
    select message_id, sent_code as code, 'ledger' as assigned_by
    from messages
    where sent_code is not null

    union all

    select message_id, code, 'generated'
    from generated_once

    union all

    select waiting.message_id, free.code, 'pool'
    from waiting
    inner join free on waiting.offer = free.offer and waiting.place = free.place
)

select
    messages.message_id,
    messages.campaign,
    messages.customer_id,
    messages.offer,
    messages.percent,
    assigned.code,
    case when assigned.code is not null then least(messages.offer_expires_at, codes.expires_at) end as expires_at,
    cast(coalesce(assigned.assigned_by, 'none') as string) as assigned_by
from messages
left join assigned on messages.message_id = assigned.message_id
left join {{ ref('int_offers__codes_listed') }} as codes on assigned.code = codes.code
