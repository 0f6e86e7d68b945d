with identities as (

    select * from {{ ref('int_identity__resolved') }}

),

evidence as (

    select * from {{ ref('int_identity__evidence') }}

),

owners as (

    select substring(node_id, 7) as email, customer_id
    from identities
    where node_id like 'email:%'

),

violations as (

    select * from {{ ref('int_identity__violations') }}

),

guarded_records as (

    select evidence.source_name, evidence.record_id, evidence.identifier_value as email
    from evidence
    semi join violations on evidence.node_id = violations.node_id
    where evidence.identifier_type = 'email'

),

-- An address that a guard keeps from connecting people still reaches each of them.
sharers as (

    select guarded_records.email, identities.customer_id
    from guarded_records
    inner join evidence
        on guarded_records.source_name = evidence.source_name
        and guarded_records.record_id = evidence.record_id
    inner join identities on evidence.node_id = identities.node_id
    anti join violations on evidence.node_id = violations.node_id

)

select email, customer_id from owners
union
select email, customer_id from sharers
