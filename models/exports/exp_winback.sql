select
    {{ message_columns() }},
    cast(candidates.last_ordered_on as date) as last_ordered_on,
    cast(candidates.days_since_order as int) as days_since_order,
    cast(candidates.last_product_title as string) as last_product_title,
    cast(candidates.currency as string) as currency
from {{ ref('fct_campaign_messages') }} as messages
inner join {{ ref('cmp_winback') }} as candidates
    on messages.customer_id = candidates.customer_id and messages.occasion_id = candidates.occasion_id
where messages.campaign = 'winback'
