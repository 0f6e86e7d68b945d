select
    {{ message_columns() }},
    cast(null as string) as offer_code,
    cast(null as timestamp) as offer_expires_at,
    cast(null as int) as offer_percent
from {{ ref('fct_campaign_messages') }} as messages
inner join {{ ref('cmp_welcome') }} as candidates
    on messages.customer_id = candidates.customer_id and messages.occasion_id = candidates.occasion_id
where messages.campaign = 'welcome'
