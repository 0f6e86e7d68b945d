with evidence as (

    select * from {{ ref('int_identity__evidence') }} where not is_blocked

),

guards as (

    select * from {{ ref('identity_guards') }}

),

people as (

    select * from {{ ref('int_identity__people') }}

),

record_people as (

    select distinct evidence.source_name, evidence.record_id, people.person_id
    from evidence
    inner join people on evidence.node_id = people.node_id
    where people.violation is null

),

gathered as (

    select
        evidence.node_id,
        evidence.identifier_type,
        record_people.person_id,
        min(evidence.first_observed_at) as first_observed_at
    from evidence
    inner join record_people
        on evidence.source_name = record_people.source_name and evidence.record_id = record_people.record_id
    anti join people on evidence.node_id = people.node_id
    group by evidence.node_id, evidence.identifier_type, record_people.person_id

),

{{ hoarded('gathered', 'person_id') }},

overrides as (

    select node_a, node_b from {{ ref('int_identity__overrides') }} where kind = 'cannot_link'

),

forbidden as (

    select overrides.node_b as node_id, people.person_id
    from overrides
    inner join people on overrides.node_a = people.node_id
    union
    select overrides.node_a, people.person_id
    from overrides
    inner join people on overrides.node_b = people.node_id

),

allowed as (

    select
        gathered.node_id,
        gathered.identifier_type,
        gathered.person_id,
        case
            when forbidden.node_id is not null then 'cannot_link'
            when hoarded.node_id is not null then 'over_limit_per_person'
        end as violation
    from gathered
    left join forbidden on gathered.node_id = forbidden.node_id and gathered.person_id = forbidden.person_id
    left join hoarded on gathered.node_id = hoarded.node_id and gathered.person_id = hoarded.person_id

)

select
    node_id,
    identifier_type,
    person_id,
    case
        when violation is not null then violation
        when count(*) filter (where violation is null) over (partition by node_id) > 1 then 'over_limit'
    end as violation
from allowed
