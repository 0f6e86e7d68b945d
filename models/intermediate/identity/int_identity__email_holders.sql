with evidence as (

    select * from {{ ref('int_identity__evidence') }}

),

identities as (

    select * from {{ ref('int_identity__resolved') }}

),

spellings as (

    select stated_value as email, 'email:' || identifier_value as node_id
    from {{ ref('int_identity__spellings') }}
    where identifier_type = 'email'

),

owners as (

    select substring(node_id, 7) as email, customer_id
    from identities
    where node_id like 'email:%'

),

-- What a guard keeps from connecting people, or some of them.
held_back as (

    select node_id from {{ ref('int_identity__people') }} where violation is not null
    union
    select node_id from {{ ref('int_identity__attachments') }} where violation is not null

),

guarded as (

    select node_id from evidence where identifier_type = 'email' and is_blocked
    union
    select node_id from {{ ref('int_identity__links') }} where identifier_type = 'email' and violation is not null
    union
    select node_id from held_back where node_id like 'email:%'

),

guarded_records as (

    select evidence.source_name, evidence.record_id, evidence.node_id
    from evidence
    semi join guarded on evidence.node_id = guarded.node_id

),

-- An address that a guard keeps from connecting people still reaches each of them.
sharers as (

    select distinct guarded_records.node_id, identities.customer_id
    from guarded_records
    inner join evidence
        on guarded_records.source_name = evidence.source_name
        and guarded_records.record_id = evidence.record_id
    inner join identities on evidence.node_id = identities.node_id
    anti join held_back on evidence.node_id = held_back.node_id

)

select email, customer_id from owners
union
select substring(node_id, 7), customer_id from sharers
union
select spellings.email, sharers.customer_id
from sharers
inner join spellings on sharers.node_id = spellings.node_id
