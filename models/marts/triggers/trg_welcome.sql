-- What somebody else imported is nobody's first word.
with statements as (
    select *
    from {{ ref('int_consent__stated') }}
    where purpose = 'marketing_email'
),

first_consents as (
    select customer_id, min(obtained_at) as obtained_at
    from statements
    where status = 'granted' and is_own_statement
    group by customer_id
    having min(obtained_at) > {{ kept_since('welcome') }}
),

refusals as (
    select first_consents.customer_id, min(statements.obtained_at) as refused_at
    from first_consents
    inner join statements
        on first_consents.customer_id = statements.customer_id and first_consents.obtained_at < statements.obtained_at
    where statements.status <> 'granted'
    group by first_consents.customer_id
),

found as (
    select
        'welcome:' || first_consents.customer_id as occasion_id,
        first_consents.customer_id,
        first_consents.customer_id as subject_id,
        first_consents.obtained_at as occurred_at,
        refusals.refused_at as fulfilled_at,
        {{ json_text({'trigger': "'welcome'", 'consented_at': 'cast(first_consents.obtained_at as string)'}) }} as evidence
    from first_consents
    left join refusals on first_consents.customer_id = refusals.customer_id
)

{{ occasions('welcome', 'found', names_customer=true) }}
