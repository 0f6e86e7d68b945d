select
    scores.customer_id,
    coalesce(customers.region, 'unknown') as subject,
    {{ json_text({
        'segment': "'lapsed_vip'",
        'region': 'customers.region',
        'recency_days': 'scores.recency_days',
        'frequency': 'scores.frequency',
    }) }} as evidence
from {{ ref('fct_rfm_scores') }} as scores
inner join {{ ref('dim_customers') }} as customers on scores.customer_id = customers.customer_id
where
    scores.scheme = 'quintile'
    and scores.monetary_score = 5
    and scores.frequency_score >= 4
    and scores.recency_days > 180
