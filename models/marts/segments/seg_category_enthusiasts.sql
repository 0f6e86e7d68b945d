select
    customer_id,
    value as subject,
    {{ json_text({
        'segment': "'category_enthusiasts'",
        'category': 'value',
        'score': 'score',
        'share': 'share',
    }) }} as evidence
from {{ ref('fct_affinities') }}
where dimension = 'category' and share >= 0.5 and score >= 20
