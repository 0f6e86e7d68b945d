select
    customer_id,
    category as subject,
    {{ json_text({
        'segment': "'stage_viewed'",
        'category': 'category',
        'reached_at': 'cast(reached_at as string)',
    }) }} as evidence
from {{ ref('fct_category_stages') }}
where stage = 'viewed'
