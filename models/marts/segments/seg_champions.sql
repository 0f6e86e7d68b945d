select
    customer_id,
    {{ json_text({
        'segment': "'champions'",
        'rfm_group': 'rfm_group',
        'recency_days': 'recency_days',
        'frequency': 'frequency',
    }) }} as evidence
from {{ ref('fct_rfm_scores') }}
where scheme = 'quintile' and rfm_group = 'champions'
