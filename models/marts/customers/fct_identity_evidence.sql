with evidence as (

    select * from {{ ref('int_identity__evidence') }}

),

identities as (

    select * from {{ ref('int_identity__resolved') }}

),

record_customers as (

    select distinct evidence.source_name, evidence.record_id, identities.customer_id
    from evidence
    inner join identities on evidence.node_id = identities.node_id

),

-- Everything in a customer's records, whosever it is: what a guard has cut off is in them as well.
seen as (

    select
        record_customers.customer_id,
        evidence.source_name,
        evidence.record_id,
        evidence.node_id,
        evidence.identifier_type,
        evidence.identifier_value,
        coalesce(identities.customer_id = record_customers.customer_id, false) as is_own,
        evidence.first_observed_at,
        evidence.last_observed_at
    from record_customers
    inner join evidence
        on record_customers.source_name = evidence.source_name
        and record_customers.record_id = evidence.record_id
    left join identities on evidence.node_id = identities.node_id

),

together as (

    select
        seen.customer_id,
        seen.source_name,
        seen.node_id,
        count(distinct others.node_id) as tied_to_count,
        min(others.node_id) as tied_to_example
    from seen
    inner join seen as others
        on seen.customer_id = others.customer_id
        and seen.source_name = others.source_name
        and seen.record_id = others.record_id
        and seen.node_id <> others.node_id
    where others.is_own
    group by seen.customer_id, seen.source_name, seen.node_id

),

summed as (

    select
        customer_id,
        source_name,
        node_id,
        min(identifier_type) as identifier_type,
        min(identifier_value) as identifier_value,
        bool_or(is_own) as is_own,
        count(distinct record_id) as record_count,
        min(record_id) as record_example,
        min(first_observed_at) as first_observed_at,
        max(last_observed_at) as last_observed_at
    from seen
    group by customer_id, source_name, node_id

)

select
    summed.customer_id,
    summed.node_id,
    summed.identifier_type,
    summed.identifier_value,
    summed.source_name,
    summed.is_own,
    summed.record_count,
    summed.record_example,
    coalesce(together.tied_to_count, 0) as tied_to_count,
    together.tied_to_example,
    summed.first_observed_at,
    summed.last_observed_at
from summed
left join together
    on summed.customer_id = together.customer_id
    and summed.source_name = together.source_name
    and summed.node_id = together.node_id
