{{ config(materialized='connected_components') }}

select node_id as node_a, account_id as node_b
from {{ ref('int_identity__links') }}
where violation is null or identifier_type = 'account'

union all

-- Somebody known only by an e-mail is a person too, and so is an address that a guard keeps from connecting people.
select distinct evidence.node_id, evidence.node_id
from {{ ref('int_identity__evidence') }} as evidence
inner join {{ ref('identity_guards') }} as guards on evidence.identifier_type = guards.identifier_type
where guards.joins_people and not evidence.is_blocked
