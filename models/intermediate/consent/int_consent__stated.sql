with contacts as (

    select * from {{ ref('stg_crm__contacts') }}

),

consents as (

    select * from {{ ref('stg_crm__consents') }}

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
        cast(null as timestamp) as expires_at
    from contacts
    where email_opted_out

),

statements as (

    select consent_id, contact_id, email, purpose, status, source, obtained_at, expires_at from consents
    union
    select consent_id, contact_id, email, purpose, status, source, obtained_at, expires_at from opt_outs

),

of_the_person as (

    select identities.customer_id, statements.*
    from statements
    inner join identities
        on coalesce({{ node_id('crm_id', 'statements.contact_id') }}, 'email:' || statements.email) = identities.node_id

),

-- A no said about an address holds for everyone who reads it; a yes only for who said it.
of_the_address as (

    select holders.customer_id, statements.*
    from statements
    inner join {{ ref('int_identity__email_holders') }} as holders on statements.email = holders.email
    where statements.status <> 'granted'

),

stated as (

    select * from of_the_person
    union
    select * from of_the_address

)

select
    customer_id,
    purpose,
    status,
    consent_id,
    -- A consent that does not say where it was given proves no more than an import does.
    coalesce(source, 'import') as source,
    obtained_at,
    expires_at,
    email
from stated
