select
    customer_id,
    value as subject,
    {{ json_text({
        'segment': "'brand_fans'",
        'brand': 'value',
        'score': 'score',
        'share': 'share',
    }) }} as evidence
from {{ ref('fct_affinities') }}
where dimension = 'brand' and share >= 0.5 and score >= 10
