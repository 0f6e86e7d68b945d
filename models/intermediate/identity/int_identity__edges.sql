with evidence as (

    select evidence.source_name, evidence.record_id, evidence.node_id
    from {{ ref('int_identity__evidence') }} as evidence
    anti join {{ ref('int_identity__violations') }} as violations on evidence.node_id = violations.node_id

),

records as (

    select source_name, record_id, min(node_id) as node_a
    from evidence
    group by source_name, record_id
    having count(*) > 1

)

-- Every identifier of a record is tied to the record's first, which connects them all with the fewest edges.
select distinct records.node_a, evidence.node_id as node_b
from records
inner join evidence on records.source_name = evidence.source_name and records.record_id = evidence.record_id
where evidence.node_id <> records.node_a
