{#- Which column of which record carries which identifier. The survivor of a merge is the record, who went into it the evidence. -#}
{%- set web_record = composite_key(['visitor_id', 'user_id', 'email', 'phone', 'cart_id']) -%}
{%- set carriers = [
    ('crm.contacts', 'contacts', 'contact_id', 'coalesce(created_at, updated_at)', 'updated_at',
     {'crm_id': 'contact_id', 'email': 'email', 'phone': 'phone'}),
    ('crm.contacts', explode_from('contacts', 'additional_emails', ';'), 'contact_id', 'updated_at', 'updated_at',
     {'email': normalise_email('part')}),
    ('crm.contacts', explode_from('contacts', 'merged_contact_ids', ';'), 'contact_id', 'updated_at', 'updated_at',
     {'merged_crm_id': clean_text('part')}),
    ('crm.contacts', 'contacts_gone', 'merged_into_contact_id', 'updated_at', 'updated_at',
     {'crm_id': 'merged_into_contact_id', 'merged_crm_id': 'contact_id'}),
    ('crm.merges', 'merges', 'contact_id', 'merged_at', 'merged_at',
     {'crm_id': 'contact_id', 'merged_crm_id': 'merged_contact_id'}),
    ('crm.consents', 'consents', 'consent_id', 'obtained_at', 'obtained_at',
     {'crm_id': 'contact_id', 'email': 'email'}),
    ('web.events', 'web_observed', web_record, 'first_observed_at', 'last_observed_at',
     {'user_id': 'user_id', 'email': 'email', 'phone': 'phone', 'anonymous_id': 'visitor_id', 'cart_token': 'cart_id'}),
    ('shop.orders', 'orders', 'order_id', 'ordered_at', 'ordered_at',
     {'order_customer_id': 'contact_id', 'email': 'email', 'phone': 'phone', 'cart_token': 'cart_id'}),
    ('esp.events', 'email_events', 'email', 'occurred_at', 'occurred_at', {'email': 'email'}),
] -%}

with contacts as (

    select * from {{ ref('stg_crm__contacts') }}

),

contacts_gone as (

    select * from contacts where merged_into_contact_id is not null

),

merges as (

    select * from {{ ref('stg_crm__merges') }}

),

consents as (

    select * from {{ ref('stg_crm__consents') }}

),

web_observed as (

    select * from {{ ref('int_identity__web_observed') }}

),

orders as (

    select * from {{ ref('stg_shop__orders') }} where not is_test

),

email_events as (

    select * from {{ ref('stg_esp__events') }}

),

stated as (

    {% for source_name, relation, record_id, first_observed_at, last_observed_at, identifiers in carriers -%}
    {%- set carrier_loop = loop -%}
    {%- for identifier_type, column in identifiers.items() -%}
    select
        '{{ source_name }}' as source_name,
        {{ record_id }} as record_id,
        '{{ identifier_type }}' as identifier_type,
        {{ column }} as identifier_value,
        {{ first_observed_at }} as first_observed_at,
        {{ last_observed_at }} as last_observed_at
    from {{ relation }}
    where {{ column }} is not null
    {{ 'union all' if not (loop.last and carrier_loop.last) }}
    {% endfor -%}
    {%- endfor -%}

),

canonical as (

    select
        stated.source_name,
        stated.record_id,
        stated.identifier_type,
        coalesce(spellings.identifier_value, stated.identifier_value) as identifier_value,
        stated.first_observed_at,
        stated.last_observed_at
    from stated
    left join {{ ref('int_identity__spellings') }} as spellings
        on stated.identifier_type = spellings.identifier_type and stated.identifier_value = spellings.stated_value

),

attributes as (

    {% for attribute, value in {
        'email': 'email',
        'phone': 'phone',
        'first_name': normalise_name('first_name'),
        'last_name': normalise_name('last_name'),
        'birth_on': 'cast(birth_on as string)',
        'postal_code': 'lower(postal_code)',
    }.items() -%}
    select
        contact_id,
        {{ source_position() }} as position,
        updated_at,
        '{{ attribute }}' as attribute,
        {{ value }} as attribute_value
    from contacts
    where {{ value }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor -%}

),

composites as (

    select composite, attribute, count(*) over (partition by composite) as attribute_count
    from {{ ref('identity_composites') }}

),

-- What a version of a contact states of all that a composite is made of, as one value that tells none of it.
combined as (

    select
        attributes.contact_id,
        composites.composite || ':' || md5({{
            listagg_sorted(
                "attributes.attribute || '=' || coalesce(spellings.identifier_value, attributes.attribute_value)"
            )
        }}) as combination,
        min(attributes.updated_at) as observed_at
    from attributes
    inner join composites on attributes.attribute = composites.attribute
    left join {{ ref('int_identity__spellings') }} as spellings
        on attributes.attribute = spellings.identifier_type and attributes.attribute_value = spellings.stated_value
    group by attributes.contact_id, attributes.position, composites.composite
    having count(*) = min(composites.attribute_count)

),

-- One that a single contact has joins nothing.
shared_combinations as (

    select combination
    from combined
    group by combination
    having count(distinct contact_id) > 1

),

evidence as (

    select * from canonical

    union all

    select 'crm.contacts', contact_id, 'composite', combination, observed_at, observed_at
    from combined
    semi join shared_combinations on combined.combination = shared_combinations.combination

)

select
    source_name,
    record_id,
    identifier_type,
    identifier_value,
    case identifier_type
        {%- for identifier_type in identifier_types() + ['composite'] %}
        when '{{ identifier_type }}' then {{ node_id(identifier_type, 'identifier_value') }}
        {%- endfor %}
    end as node_id,
    case identifier_type
        {%- for identifier_type in identifier_types() %}
        when '{{ identifier_type }}' then {{ is_blocked(identifier_type, 'identifier_value') }}
        {%- endfor %}
        else false
    end as is_blocked,
    min(first_observed_at) as first_observed_at,
    max(last_observed_at) as last_observed_at
from evidence
group by source_name, record_id, identifier_type, identifier_value
