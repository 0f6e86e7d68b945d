select
    cast(messages.message_id as string) as message_id,
    cast(products.position as int) as position,
    cast(products.product_id as string) as product_id,
    cast(products.title as string) as title,
    cast(products.product_url as string) as product_url,
    cast(products.image_url as string) as image_url,
    cast(products.price_amount as decimal(18, 2)) as price_amount,
    cast(products.currency as string) as currency,
    cast(products.quantity as int) as quantity
from {{ ref('fct_campaign_messages') }} as messages
inner join {{ ref('cmp_order_thanks') }} as candidates
    on messages.customer_id = candidates.customer_id and messages.occasion_id = candidates.occasion_id
inner join {{ ref('fct_order_products') }} as products on candidates.order_id = products.order_id
where messages.campaign = 'order_thanks'
