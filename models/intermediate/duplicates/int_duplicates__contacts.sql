with contacts as (

    {{ latest_versions(ref('stg_crm__contacts'), 'contact_id', updated_at='updated_at') }}

)

select
    contacts.contact_id,
    identities.customer_id,
    {{ normalise_name('contacts.first_name') }} as first_name,
    {{ normalise_name('contacts.last_name') }} as last_name,
    contacts.birth_on,
    coalesce(emails.email_key, contacts.email) as email,
    coalesce(phones.phone_key, contacts.phone) as phone,
    {{ normalise_name('contacts.address') }} as address,
    upper(replace(contacts.postal_code, ' ', '')) as postal_code,
    {{ normalise_name('contacts.city') }} as city
from contacts
inner join {{ ref('int_identity__resolved') }} as identities on 'crm_id:' || contacts.contact_id = identities.node_id
left join {{ ref('int_identity__emails') }} as emails on contacts.email = emails.email
left join {{ ref('int_identity__phones') }} as phones on contacts.phone = phones.phone
