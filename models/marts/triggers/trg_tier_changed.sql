with changes as (
    select
        *,
        lead(changed_at) over (partition by customer_id order by changed_at nulls last) as next_changed_at
    from {{ ref('fct_loyalty_tier_changes') }}
    where changed_at > {{ kept_since('tier_changed') }}
),

-- Risen to twice in a month, by orders and returns or by what arrived late, a tier is told of once: the last time.
rises as (
    select *
    from changes
    where direction = 'up'
    qualify row_number() over (
        partition by customer_id, tier, date_trunc('month', changed_at) order by changed_at desc nulls last
    ) = 1
),

found as (
    select
        'tier:' || customer_id || ':' || tier || ':' || cast(cast(date_trunc('month', changed_at) as date) as string)
            as occasion_id,
        customer_id,
        tier as subject_id,
        changed_at as occurred_at,
        next_changed_at as fulfilled_at,
        {{ json_text({
            'trigger': "'tier_changed'",
            'tier': 'tier',
            'previous_tier': 'previous_tier',
            'changed_at': 'cast(changed_at as string)',
        }) }} as evidence
    from rises
)

{{ occasions('tier_changed', 'found', names_customer=true) }}
