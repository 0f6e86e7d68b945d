{#-
    A whole model: the products recommended in the messages of a campaign, as its list `products` shows them.
-#}
{% macro recommended_products(campaign) -%}
select
    cast(messages.message_id as string) as message_id,
    cast(recommendations.position as int) as position,
    cast(recommendations.product_id as string) as product_id,
    cast(recommendations.title as string) as title,
    cast(recommendations.brand as string) as brand,
    cast(recommendations.category as string) as category,
    cast(recommendations.product_url as string) as product_url,
    cast(recommendations.image_url as string) as image_url,
    cast(recommendations.price_amount as decimal(18, 2)) as price_amount,
    cast(recommendations.currency as string) as currency,
    cast(recommendations.strategy as string) as strategy,
    cast(recommendations.reason_title as string) as reason_title,
    cast(recommendations.score as decimal(9, 6)) as score
from {{ ref('fct_campaign_messages') }} as messages
inner join {{ ref('fct_recommendations') }} as recommendations on messages.message_id = recommendations.message_id
where messages.campaign = '{{ campaign }}' and recommendations.list_name = 'products'
{%- endmacro %}
