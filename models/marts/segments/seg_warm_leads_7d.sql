with buyers as (
    select distinct customer_id
    from {{ ref('fct_orders') }}
    where order_kind = 'sale' and not is_cancelled and {{ in_last('ordered_at', '7 day') }}
)

select
    events.customer_id,
    {{ json_text({
        'segment': "'warm_leads_7d'",
        'viewed_product_count': 'count(distinct events.product_id)',
        'last_viewed_at': 'cast(max(events.occurred_at) as string)',
    }) }} as evidence
from {{ ref('fct_web_events') }} as events
anti join buyers on events.customer_id = buyers.customer_id
where
    events.customer_id is not null
    and events.event_name = 'Product Viewed'
    and events.product_id is not null
    and {{ in_last('events.occurred_at', '7 day') }}
group by events.customer_id
