select
    {{ message_columns() }},
    cast(candidates.order_id as string) as order_id,
    cast(candidates.ordered_at as timestamp) as ordered_at,
    cast(candidates.item_count as int) as item_count
from {{ ref('fct_campaign_messages') }} as messages
inner join {{ ref('cmp_order_thanks') }} as candidates
    on messages.customer_id = candidates.customer_id and messages.occasion_id = candidates.occasion_id
where messages.campaign = 'order_thanks'
