with latest_changes as (
    select *
    from {{ ref('fct_loyalty_tier_changes') }}
    where {{ in_last('changed_at', '30 day') }}
    qualify row_number() over (partition by customer_id order by changed_at desc nulls last) = 1
)

select
    customer_id,
    {{ json_text({
        'segment': "'tier_upgraded'",
        'tier': 'tier',
        'previous_tier': 'previous_tier',
        'changed_at': 'cast(changed_at as string)',
    }) }} as evidence
from latest_changes
where direction = 'up' and previous_tier is not null
