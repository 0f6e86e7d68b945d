select
    customer_id,
    {{ json_text({
        'segment': "'viewed_product_24h'",
        'viewed_product_count': 'count(distinct product_id)',
        'last_viewed_at': 'cast(max(occurred_at) as string)',
    }) }} as evidence
from {{ ref('fct_web_events') }}
where
    customer_id is not null
    and event_name = 'Product Viewed'
    and product_id is not null
    and {{ in_last('occurred_at', '24 hour') }}
group by customer_id
