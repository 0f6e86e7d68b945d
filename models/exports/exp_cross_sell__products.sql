select
    cast(messages.message_id as string) as message_id,
    cast(suggestions.position as int) as position,
    cast(suggestions.product_id as string) as product_id,
    cast(suggestions.title as string) as title,
    cast(suggestions.brand as string) as brand,
    cast(suggestions.category as string) as category,
    cast(suggestions.product_url as string) as product_url,
    cast(suggestions.image_url as string) as image_url,
    cast(suggestions.price_amount as decimal(18, 2)) as price_amount,
    cast(suggestions.currency as string) as currency,
    cast(suggestions.strategy as string) as strategy,
    cast(suggestions.reason_title as string) as reason_title,
    cast(suggestions.score as decimal(9, 6)) as score
from {{ ref('fct_campaign_messages') }} as messages
inner join {{ ref('fct_product_suggestions') }} as suggestions on messages.customer_id = suggestions.customer_id
where messages.campaign = 'cross_sell'
