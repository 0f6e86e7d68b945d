with refusals as (

    select * from {{ ref('int_consent__refused') }}

),

addresses as (

    select
        customer_id,
        email,
        split_part(split_part(email, '@', 1), '+', 1) as local_part,
        split_part(email, '@', 2) as domain
    from {{ ref('int_customers__profiles_resolved') }}
    where email is not null

),

tombstones as (

    select * from {{ ref('stg_ledger__tombstones') }}

),

-- Only what the person said anew lifts an unsubscribe.
renewed_consents as (

    select customer_id, max(obtained_at) as renewed_at
    from {{ ref('int_consent__stated') }}
    where purpose = 'marketing_email' and status = 'granted' and is_own_statement and obtained_at < {{ as_of() }}
    group by customer_id

),

group_resubscribes as (

    select email, unsubscribe_group_id, max(occurred_at) as renewed_at
    from {{ ref('stg_esp__events') }}
    where event_type = 'group_resubscribe' and occurred_at < {{ as_of() }}
    group by email, unsubscribe_group_id

),

standing_refusals as (

    select refusals.customer_id, refusals.reason, refusals.email, refusals.refused_at, refusals.evidence_id
    from refusals
    left join addresses on refusals.customer_id = addresses.customer_id
    left join renewed_consents on refusals.customer_id = renewed_consents.customer_id
    left join group_resubscribes
        on refusals.email = group_resubscribes.email
        and refusals.unsubscribe_group_id = group_resubscribes.unsubscribe_group_id
    where
        refusals.reason = 'complained'
        or (refusals.reason = 'hard_bounced' and refusals.email = addresses.email)
        or (
            refusals.reason = 'unsubscribed'
            and coalesce(refusals.refused_at >= renewed_consents.renewed_at, true)
            and coalesce(refusals.refused_at >= group_resubscribes.renewed_at, true)
        )

),

role_addresses as (

    select addresses.customer_id, addresses.email
    from addresses
    semi join {{ ref('role_local_parts') }} as roles on addresses.local_part = roles.local_part

),

domains as (

    select customer_id, email, domain from addresses
    union
    select customer_id, email, regexp_extract(domain, '[^.]+[.][^.]+$', 0) from addresses

),

disposable_addresses as (

    select distinct domains.customer_id, domains.email
    from domains
    semi join {{ ref('disposable_domains') }} as disposable on domains.domain = disposable.domain

),

-- Extracts with an erased person are refused when they are loaded; this holds whatever was loaded all the same. A node is
-- written as it was hashed: its type, a colon and its value.
hashed as (

    select identities.customer_id, {{ sha256("salts.salt || ':' || identities.node_id") }} as digest
    from {{ ref('int_identity__resolved') }} as identities
    cross join (select distinct salt from tombstones) as salts
    where split_part(identities.node_id, ':', 1) in ('crm_id', 'email')

),

erased as (

    select hashed.customer_id, max(tombstones.erased_at) as erased_at
    from hashed
    inner join tombstones on hashed.digest = tombstones.digest
    group by hashed.customer_id

),

suppressions as (

    select customer_id, reason, email, refused_at as suppressed_at, evidence_id from standing_refusals
    union all
    select customer_id, 'role_address', email, null, null from role_addresses
    union all
    select customer_id, 'disposable_address', email, null, null from disposable_addresses
    union all
    select customer_id, 'erased', null, erased_at, null from erased

)

select
    customer_id,
    reason,
    email,
    suppressed_at,
    evidence_id
from suppressions
qualify row_number() over (
    partition by customer_id, reason order by suppressed_at desc nulls last, evidence_id nulls last
) = 1
