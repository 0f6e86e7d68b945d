with contacts as (

    select * from {{ ref('stg_crm__contacts') }}

),

orders as (

    select * from {{ ref('stg_shop__orders') }} where not is_test

),

identify_calls as (

    select * from {{ ref('int_identity__web_observed') }} where email is not null or phone is not null

),

merged_contacts as (

    select distinct identifier_value as contact_id
    from {{ ref('int_identity__evidence') }}
    where identifier_type = 'merged_crm_id'

),

observations as (

    select
        {{ node_id('crm_id', 'contacts.contact_id') }} as node_id,
        case
            when merged_contacts.contact_id is null and contacts.merged_into_contact_id is null then 'crm.contacts'
            else 'crm.merged_contacts'
        end as source_name,
        contacts.updated_at as observed_at,
        {{ source_position() }} as source_position,
        contacts.created_at,
        contacts.email,
        contacts.first_name,
        contacts.last_name,
        contacts.phone,
        contacts.birth_on,
        contacts.gender,
        contacts.city,
        contacts.region,
        contacts.postal_code,
        coalesce(contacts.country_code, contacts.country_name) as country,
        contacts.language,
        contacts.timezone,
        contacts.email_opted_out
    from contacts
    left join merged_contacts on contacts.contact_id = merged_contacts.contact_id

    union all

    select
        {{ first_node({'order_customer_id': 'contact_id', 'email': 'email', 'phone': 'phone', 'cart_token': 'cart_id'}) }},
        'shop.orders', ordered_at, {{ source_position() }},
        null, email, null, null, phone, null, null, null, null, null, shipping_country, null, null, null
    from orders

    union all

    -- An identify call without an account is about the address it gives, whoever else uses the device.
    select
        {{ first_node({'user_id': 'user_id', 'email': 'email', 'phone': 'phone'}) }},
        'web.events', last_observed_at,
        {{ composite_key(['visitor_id', 'user_id', 'email', 'phone', 'cart_id']) }},
        null, email, null, null, phone, null, null, null, null, null, null, null, null, null
    from identify_calls

),

-- A role's address is nobody's identity, but it does reach somebody: what may be sent there is for suppression to say.
blocked_emails as (

    select identifier_value as email
    from {{ ref('int_identity__violations') }} as violations
    anti join {{ ref('role_local_parts') }} as roles on split_part(violations.identifier_value, '@', 1) = roles.local_part
    where identifier_type = 'email' and violation = 'blocked'

)

select
    identities.customer_id,
    observations.node_id,
    observations.source_name,
    observations.observed_at,
    row_number() over (
        partition by identities.customer_id
        order by observations.observed_at nulls last, observations.source_position nulls last
    ) as position,
    observations.created_at,
    case when blocked_emails.email is null then observations.email end as email,
    observations.first_name,
    observations.last_name,
    coalesce(phones.phone_key, split_part(observations.phone, ' ', 1)) as phone,
    observations.birth_on,
    observations.gender,
    observations.city,
    observations.region,
    observations.postal_code,
    {{ normalise_country('observations.country') }} as country_code,
    observations.language,
    observations.timezone,
    observations.email_opted_out
from observations
inner join {{ ref('int_identity__resolved') }} as identities on observations.node_id = identities.node_id
left join blocked_emails on observations.email = blocked_emails.email
left join {{ ref('int_identity__phones') }} as phones on observations.phone = phones.phone
