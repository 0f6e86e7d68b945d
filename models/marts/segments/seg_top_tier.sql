select
    customer_id,
    {{ json_text({
        'segment': "'top_tier'",
        'tier': 'tier',
        'reached_at': 'cast(reached_at as string)',
    }) }} as evidence
from {{ ref('fct_loyalty_tiers') }}
where is_top_tier
