with evidence as (

    select * from {{ ref('int_identity__evidence') }}

),

profiles as (

    select * from {{ ref('int_customers__profiles_resolved') }}

),

customers as (

    select
        identities.customer_id,
        bool_or(evidence.identifier_type not in ('anonymous_id', 'cart_token')) as is_identified,
        min(evidence.first_observed_at) as first_seen_at
    from {{ ref('int_identity__resolved') }} as identities
    inner join evidence on identities.node_id = evidence.node_id
    group by identities.customer_id

)

select
    customers.customer_id,
    customers.is_identified
    {%- for attribute in customer_attributes() %},
    profiles.{{ attribute }},
    profiles.{{ attribute }}_observed_at
    {%- endfor %},
    profiles.crm_created_at,
    customers.first_seen_at
from customers
left join profiles on customers.customer_id = profiles.customer_id
