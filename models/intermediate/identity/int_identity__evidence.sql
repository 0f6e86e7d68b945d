{%- set blank = "cast(null as string)" -%}

with contacts as (

    select * from {{ ref('stg_crm__contacts') }}

),

consents as (

    select * from {{ ref('stg_crm__consents') }}

),

orders as (

    select * from {{ ref('stg_shop__orders') }} where not is_test

),

email_events as (

    select email, min(occurred_at) as first_observed_at, max(occurred_at) as last_observed_at
    from {{ ref('stg_esp__events') }}
    group by email

),

records as (

    select
        'crm.contacts' as source_name,
        contact_id as record_id,
        contact_id as crm_id,
        email,
        phone,
        {{ blank }} as anonymous_id,
        {{ blank }} as cart_token,
        coalesce(created_at, updated_at) as first_observed_at,
        updated_at as last_observed_at
    from contacts

    union all

    -- The contacts merged into one are the same person on the CRM's own word.
    select
        'crm.contacts', contact_id, {{ clean_text('part') }}, {{ blank }}, {{ blank }}, {{ blank }}, {{ blank }},
        updated_at, updated_at
    from {{ explode_from('contacts', 'merged_contact_ids', ';') }}

    union all

    select
        'crm.contacts', contact_id, {{ blank }}, {{ normalise_email('part') }}, {{ blank }}, {{ blank }}, {{ blank }},
        updated_at, updated_at
    from {{ explode_from('contacts', 'additional_emails', ';') }}

    union all

    select
        'crm.consents', consent_id, contact_id, email, {{ blank }}, {{ blank }}, {{ blank }},
        obtained_at, obtained_at
    from consents

    union all

    select
        'web.events', {{ composite_key(['visitor_id', 'user_id', 'email', 'phone', 'cart_id']) }},
        user_id, email, phone, visitor_id, cart_id, first_observed_at, last_observed_at
    from {{ ref('int_identity__web_observed') }}

    union all

    select 'shop.orders', order_id, contact_id, email, phone, {{ blank }}, cart_id, ordered_at, ordered_at
    from orders

    union all

    select 'esp.events', email, {{ blank }}, email, {{ blank }}, {{ blank }}, {{ blank }},
        first_observed_at, last_observed_at
    from email_events

),

identifiers as (

    {% for identifier_type in identifier_types() -%}
    select
        source_name,
        record_id,
        '{{ identifier_type }}' as identifier_type,
        {{ identifier_type }} as identifier_value,
        first_observed_at,
        last_observed_at
    from records
    where {{ identifier_type }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    source_name,
    record_id,
    identifier_type,
    identifier_value,
    identifier_type || ':' || identifier_value as node_id,
    min(first_observed_at) as first_observed_at,
    max(last_observed_at) as last_observed_at
from identifiers
group by source_name, record_id, identifier_type, identifier_value
