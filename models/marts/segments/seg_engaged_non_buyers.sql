with buyers as (
    select distinct customer_id
    from {{ ref('fct_orders') }}
    where order_kind = 'sale' and not is_cancelled
)

select
    scores.customer_id,
    {{ json_text({
        'segment': "'engaged_non_buyers'",
        'engagement_score': 'scores.engagement_score',
        'engagement_level': 'scores.engagement_level',
    }) }} as evidence
from {{ ref('fct_engagement_scores') }} as scores
anti join buyers on scores.customer_id = buyers.customer_id
where scores.engagement_level in ('medium', 'high')
