select
    {{ message_columns() }},
    cast(candidates.cart_id as string) as cart_id,
    cast(candidates.item_count as int) as item_count,
    cast(candidates.cart_amount as decimal(18, 2)) as cart_amount,
    cast(candidates.currency as string) as currency,
    cast(candidates.abandoned_at as timestamp) as abandoned_at
from {{ ref('fct_campaign_messages') }} as messages
inner join {{ ref('cmp_cart_follow_up') }} as candidates
    on messages.customer_id = candidates.customer_id and messages.occasion_id = candidates.occasion_id
where messages.campaign = 'cart_follow_up'
