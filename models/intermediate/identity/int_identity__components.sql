{{ config(materialized='connected_components') }}

with nodes as (

    -- A blocked value is nobody; one over its limit is somebody, whom it connects with no one else.
    select distinct evidence.node_id
    from {{ ref('int_identity__evidence') }} as evidence
    anti join (
        select node_id from {{ ref('int_identity__violations') }} where violation = 'blocked'
    ) as blocked on evidence.node_id = blocked.node_id

)

select node_a, node_b from {{ ref('int_identity__edges') }}
union all
select node_id, node_id from nodes
