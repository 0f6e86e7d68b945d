with consents as (

    select * from {{ known('crm', 'consents') }}

),

normalised as (

    select
        -- Statements without an id are told apart by where they stand.
        coalesce({{ clean_text('consent_id') }}, 'row:' || md5({{ source_position() }})) as consent_id,
        {{ clean_text('customer_key') }} as contact_id,
        {{ normalise_email('email') }} as email,
        email as email_as_given,
        lower({{ clean_text('purpose') }}) as purpose,
        -- Consent fails closed: a status nobody knows is a no.
        case
            when lower(trim(status)) in ('granted', 'withdrawn', 'expired') then lower(trim(status))
            else 'denied'
        end as status,
        lower({{ clean_text('source') }}) as source,
        obtained_at,
        expires_at,
        {{ clean_text('proof') }} as proof,
        source_file,
        source_line,
        extract_date,
        load_id
    from consents

)

select * from normalised
