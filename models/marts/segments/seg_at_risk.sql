select
    customer_id,
    {{ json_text({
        'segment': "'at_risk'",
        'rfm_group': 'rfm_group',
        'recency_days': 'recency_days',
        'frequency': 'frequency',
    }) }} as evidence
from {{ ref('fct_rfm_scores') }}
where scheme = 'quintile' and rfm_group = 'at_risk'
