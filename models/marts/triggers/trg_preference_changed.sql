-- Several purposes saved at once are one change.
with changes as (
    select
        stated.customer_id,
        date_trunc('second', stated.obtained_at) as changed_at,
        count(distinct stated.purpose) as purpose_count,
        count(distinct stated.purpose) filter (where stated.status = 'granted') as granted_count
    from {{ ref('int_consent__stated') }} as stated
    inner join {{ ref('consent_sources') }} as sources on stated.source = sources.source
    where sources.is_preference_centre and stated.obtained_at > {{ kept_since('preference_changed') }}
    group by stated.customer_id, date_trunc('second', stated.obtained_at)
),

found as (
    select
        'preference:' || customer_id || ':'
        || cast({{ seconds_between("timestamp '1970-01-01 00:00:00'", 'changed_at') }} as string) as occasion_id,
        customer_id,
        cast(changed_at as string) as subject_id,
        changed_at as occurred_at,
        lead(changed_at) over (partition by customer_id order by changed_at nulls last) as fulfilled_at,
        {{ json_text({
            'trigger': "'preference_changed'",
            'purpose_count': 'purpose_count',
            'granted_count': 'granted_count',
            'changed_at': 'cast(changed_at as string)',
        }) }} as evidence
    from changes
)

{{ occasions('preference_changed', 'found', names_customer=true) }}
