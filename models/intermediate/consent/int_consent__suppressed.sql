with refusals as (

    select * from {{ ref('int_consent__refused') }}

),

customers as (

    select * from {{ ref('int_customers__profiles_resolved') }}

),

-- Only what the person said anew lifts an unsubscribe.
renewed_consents as (

    select customer_id, max(obtained_at) as renewed_at
    from {{ ref('int_consent__stated') }}
    where purpose = 'marketing_email' and status = 'granted' and source <> 'import' and obtained_at < {{ as_of() }}
    group by customer_id

),

group_resubscribes as (

    select email, unsubscribe_group_id, max(occurred_at) as renewed_at
    from {{ ref('stg_esp__events') }}
    where event_type = 'group_resubscribe' and occurred_at < {{ as_of() }}
    group by email, unsubscribe_group_id

),

standing as (

    select refusals.*
    from refusals
    left join customers on refusals.customer_id = customers.customer_id
    left join renewed_consents on refusals.customer_id = renewed_consents.customer_id
    left join group_resubscribes
        on refusals.email = group_resubscribes.email
        and refusals.unsubscribe_group_id = group_resubscribes.unsubscribe_group_id
    where
        refusals.reason = 'complained'
        or (refusals.reason = 'hard_bounced' and refusals.email = customers.email)
        or (
            refusals.reason = 'unsubscribed'
            and coalesce(refusals.refused_at >= renewed_consents.renewed_at, true)
            and coalesce(refusals.refused_at >= group_resubscribes.renewed_at, true)
        )

)

select
    customer_id,
    reason,
    email,
    refused_at as suppressed_at,
    evidence_id
from standing
qualify row_number() over (
    partition by customer_id, reason order by refused_at desc nulls last, evidence_id nulls last
) = 1
