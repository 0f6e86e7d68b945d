with contacts as (

    select * from {{ ref('stg_crm__contacts') }}

),

consents as (

    select * from {{ ref('stg_crm__consents') }}

),

purposes as (

    select * from {{ ref('consent_purposes') }}

),

identities as (

    select * from {{ ref('int_identity__resolved') }}

),

-- Opting out in the CRM is a denial; not having opted out is no consent.
opt_outs as (

    select
        'opt_out:' || contact_id as consent_id,
        contact_id,
        email,
        'marketing_email' as purpose,
        'denied' as status,
        'crm_opt_out' as source,
        updated_at as obtained_at,
        cast(null as timestamp) as expires_at,
        cast(null as string) as proof
    from contacts
    where email_opted_out

),

statements as (

    select consent_id, contact_id, email, purpose, status, source, obtained_at, expires_at, proof from consents
    union
    select consent_id, contact_id, email, purpose, status, source, obtained_at, expires_at, proof from opt_outs

),

-- A no whose time cannot be read has the time of its other copies, where the statement was sent again and mended.
mended as (

    select
        statements.*,
        max(statements.obtained_at) over (
            partition by
                statements.consent_id, statements.contact_id, statements.email, statements.purpose, statements.status
        ) as mended_at,
        purposes.purpose is not null as is_listed
    from statements
    left join purposes on statements.purpose = purposes.purpose

),

-- A statement for a purpose nobody listed: the no of it counts for every purpose, the yes for none.
for_purposes as (

    select
        mended.consent_id,
        mended.contact_id,
        mended.email,
        purposes.purpose,
        mended.status,
        mended.source,
        case when mended.status = 'granted' then mended.obtained_at else coalesce(mended.obtained_at, mended.mended_at) end
        as obtained_at,
        mended.expires_at,
        mended.proof
    from mended
    cross join purposes
    where
        mended.purpose = purposes.purpose
        or (mended.status <> 'granted' and not mended.is_listed)

),

of_the_person as (

    select identities.customer_id, for_purposes.*
    from for_purposes
    inner join identities
        on coalesce({{ node_id('crm_id', 'for_purposes.contact_id') }}, 'email:' || for_purposes.email) = identities.node_id

),

-- A no said about an address holds for everyone who reads it; a yes only for who said it.
of_the_address as (

    select readers.customer_id, for_purposes.*
    from for_purposes
    inner join {{ ref('int_consent__address_readers') }} as readers on for_purposes.email = readers.email
    where for_purposes.status <> 'granted'

),

stated as (

    select * from of_the_person
    union
    select * from of_the_address

)

select
    stated.customer_id,
    stated.purpose,
    stated.status,
    stated.consent_id,
    -- A consent that does not say where it was given proves no more than an import does.
    coalesce(stated.source, 'import') as source,
    coalesce(sources.is_own_statement, false) as is_own_statement,
    stated.obtained_at,
    stated.expires_at,
    stated.proof,
    stated.email
from stated
left join {{ ref('consent_sources') }} as sources on stated.source = sources.source
{{ kept_rows([
    'customer_id', 'purpose', 'status', 'consent_id', 'source', 'is_own_statement', 'obtained_at', 'expires_at', 'proof', 'email',
]) }}
