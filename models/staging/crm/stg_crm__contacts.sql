with contacts as (

    select * from {{ known('crm', 'contacts') }}

),

normalised as (

    select
        id as contact_id,
        {{ normalise_email('email') }} as email,
        email as email_as_given,
        {{ normalise_email('hs_additional_emails') }} as additional_emails,
        hs_additional_emails as additional_emails_as_given,
        {{ clean_text('firstname') }} as first_name,
        {{ clean_text('lastname') }} as last_name,
        {{ normalise_phone('phone', 'country') }} as phone,
        phone as phone_as_given,
        date_of_birth as birth_on,
        case
            when lower(trim(gender)) in ('female', 'f', 'woman') then 'female'
            when lower(trim(gender)) in ('male', 'm', 'man') then 'male'
            when {{ clean_text('gender') }} is not null then 'other'
        end as gender,
        {{ clean_text('address') }} as address,
        {{ clean_text('city') }} as city,
        {{ clean_text('state') }} as region,
        {{ clean_text('zip') }} as postal_code,
        case when length(trim(country)) = 2 then upper(trim(country)) end as country_code,
        case when length(trim(country)) > 2 then lower(trim(country)) end as country_name,
        lower(substring({{ clean_text('hs_language') }}, 1, 2)) as language,
        {{ clean_text('hs_timezone') }} as timezone,
        lower({{ clean_text('lifecyclestage') }}) as lifecycle_stage,
        hs_email_optout as email_opted_out,
        {{ clean_text('hs_merged_object_ids') }} as merged_contact_ids,
        {{ clean_text('merged_into_id') }} as merged_into_contact_id,
        createdate as created_at,
        lastmodifieddate as updated_at,
        source_file,
        source_line,
        extract_date,
        load_id
    from contacts

)

select * from normalised
