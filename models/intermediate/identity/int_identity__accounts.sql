{{ config(materialized='connected_components') }}

with evidence as (

    select * from {{ ref('int_identity__evidence') }} where not is_blocked

),

overrides as (

    select * from {{ ref('int_identity__overrides') }}

),

named as (

    select
        source_name,
        record_id,
        node_id,
        first_value(node_id) over (
            partition by source_name, record_id
            order by case when identifier_type = 'merged_crm_id' then 1 else 0 end nulls last, node_id nulls last
        ) as survivor_id
    from evidence
    where identifier_type in ('{{ account_types() | join("', '") }}')

),

apart as (

    select node_a, node_b from overrides where kind = 'cannot_link'
    union
    select node_b, node_a from overrides where kind = 'cannot_link'

)

-- Every account once, tied to the one that a record says it is.
select
    named.node_id as node_a,
    case when apart.node_a is null then named.survivor_id else named.node_id end as node_b
from named
left join apart on named.survivor_id = apart.node_a and named.node_id = apart.node_b

union all

select overrides.node_a, overrides.node_b
from overrides
semi join evidence as evidence_a on overrides.node_a = evidence_a.node_id
semi join evidence as evidence_b on overrides.node_b = evidence_b.node_id
where overrides.kind = 'must_link'
