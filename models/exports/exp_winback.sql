select
    {{ message_columns() }},
    cast({{ if_profiled('candidates.days_since_order') }} as int) as days_since_order,
    cast({{ if_profiled('candidates.last_product_title') }} as string) as last_product_title,
    cast({{ if_profiled('candidates.currency') }} as string) as currency,
    cast(codes.code as string) as offer_code,
    cast(codes.expires_at as timestamp) as offer_expires_at,
    cast(codes.percent as int) as offer_percent
from {{ ref('fct_campaign_messages') }} as messages
inner join {{ ref('cmp_winback') }} as candidates
    on messages.customer_id = candidates.customer_id and messages.occasion_id = candidates.occasion_id
left join {{ ref('fct_offer_codes') }} as codes
    on messages.message_id = codes.message_id and codes.code is not null
where messages.campaign = 'winback'
