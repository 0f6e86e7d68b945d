select
    {{ message_columns() }},
    cast({{ if_profiled('candidates.days_since_order') }} as int) as days_since_order,
    cast({{ if_profiled('candidates.last_product_title') }} as string) as last_product_title,
    cast({{ if_profiled('candidates.currency') }} as string) as currency,
    cast(null as string) as offer_code,
    cast(null as timestamp) as offer_expires_at,
    cast(null as int) as offer_percent
from {{ ref('fct_campaign_messages') }} as messages
inner join {{ ref('cmp_winback') }} as candidates
    on messages.customer_id = candidates.customer_id and messages.occasion_id = candidates.occasion_id
where messages.campaign = 'winback'
