{{ config(materialized='connected_components') }}

with evidence as (

    select evidence.source_name, evidence.record_id, evidence.node_id
    from {{ ref('int_identity__evidence') }} as evidence
    anti join {{ ref('int_identity__people') }} as people on evidence.node_id = people.node_id
    where not evidence.is_blocked

),

held_back as (

    select distinct node_id from {{ ref('int_identity__attachments') }} where violation is not null

)

-- Every identifier of a record is tied to the record's first, which connects them all with the fewest edges.
select
    min(evidence.node_id) over (partition by evidence.source_name, evidence.record_id) as node_a,
    evidence.node_id as node_b
from evidence
anti join held_back on evidence.node_id = held_back.node_id

union all

select node_id, node_id from held_back
