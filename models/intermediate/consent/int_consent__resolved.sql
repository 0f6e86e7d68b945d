with statements as (

    -- A yes without a time, or dated after the clock, has not been said. A no is taken at its word.
    select * from {{ ref('int_consent__stated') }}
    where status <> 'granted' or obtained_at < {{ as_of() }}

),

refusals as (

    select customer_id, purpose, obtained_at as refused_at
    from statements
    where status <> 'granted'

    union all

    select customer_id, 'marketing_email', refused_at
    from {{ ref('int_consent__refused') }}
    where reason in ('unsubscribed', 'complained')

),

-- A no of unknown time may be older than any import.
first_refusals as (

    select customer_id, purpose, min(coalesce(refused_at, timestamp '0001-01-01 00:00:00')) as refused_at
    from refusals
    group by customer_id, purpose

),

-- An import after a no changes nothing: it copies what someone else held, and nobody said yes again.
standing as (

    select statements.*
    from statements
    left join first_refusals
        on statements.customer_id = first_refusals.customer_id
        and statements.purpose = first_refusals.purpose
    where
        statements.status <> 'granted'
        or statements.is_own_statement
        or first_refusals.refused_at is null
        or statements.obtained_at < first_refusals.refused_at

),

-- Nothing can be told to be newer than a no of unknown time.
latest as (

    select *
    from standing
    qualify row_number() over (
        partition by customer_id, purpose
        order by
            case when obtained_at is null then 0 else 1 end nulls last,
            obtained_at desc nulls last,
            case when status = 'granted' then 1 else 0 end nulls last,
            expires_at nulls last,
            consent_id nulls last,
            email nulls last
    ) = 1

)

select
    customer_id,
    purpose,
    case when status = 'granted' and expires_at <= {{ as_of() }} then 'expired' else status end as status,
    consent_id,
    source,
    obtained_at,
    expires_at,
    proof,
    email
from latest
