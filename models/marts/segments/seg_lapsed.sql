select
    customer_id,
    {{ json_text({
        'segment': "'lapsed'",
        'recency_days': 'recency_days',
        'frequency': 'frequency',
    }) }} as evidence
from {{ ref('fct_rfm_scores') }}
where scheme = 'quintile' and recency_days > 180
