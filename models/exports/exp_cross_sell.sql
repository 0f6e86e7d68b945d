select
    {{ message_columns() }},
    cast(candidates.ordered_at as timestamp) as ordered_at,
    cast(candidates.product_title as string) as product_title
from {{ ref('fct_campaign_messages') }} as messages
inner join {{ ref('cmp_cross_sell') }} as candidates
    on messages.customer_id = candidates.customer_id and messages.occasion_id = candidates.occasion_id
where messages.campaign = 'cross_sell'
