{%- set attributes = ['first_name', 'last_name', 'birth_on', 'email', 'phone', 'address', 'postal_code', 'city'] -%}

with proposed as (

    select * from {{ ref('int_duplicates__proposed') }}

),

contacts as (

    select * from {{ ref('int_duplicates__contacts') }}

)

select
    proposed.compared_on,
    proposed.match_probability,
    proposed.match_weight,
    proposed.reasons,
    {{ csv_line([
        "'duplicate_' || proposed.contact_id_a || '_' || proposed.contact_id_b",
        "'must_link'",
        "'crm_id:' || proposed.contact_id_a",
        "'crm_id:' || proposed.contact_id_b",
        "''",
    ]) }} as override_line,
    proposed.contact_id_a,
    proposed.contact_id_b,
    proposed.customer_id_a,
    proposed.customer_id_b
    {%- for attribute in attributes %},
    a.{{ attribute }} as {{ attribute }}_a,
    b.{{ attribute }} as {{ attribute }}_b
    {%- endfor %}
from proposed
inner join contacts as a on proposed.contact_id_a = a.contact_id
inner join contacts as b on proposed.contact_id_b = b.contact_id
where proposed.match_probability >= {{ policy_value('fct_duplicate_candidates', 'min_probability', 'double') }}
