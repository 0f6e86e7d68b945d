with people as (

    select * from {{ ref('int_identity__people') }}

),

traces as (

    select * from {{ ref('int_identity__traces') }}

),

attached as (

    select node_id, person_id from {{ ref('int_identity__attachments') }} where violation is null

),

owners as (

    select
        traces.component_id,
        min(attached.person_id) as person_id,
        count(distinct attached.person_id) > 1 as is_shared
    from traces
    inner join attached on traces.node_id = attached.node_id
    group by traces.component_id

),

tiers as (

    select node_id, person_id as component_id
    from people
    where node_id not like 'composite:%'

    union all

    -- What hangs together is one person's if it leads to no other; else each belongs to whom it leads itself.
    select
        traces.node_id,
        case
            when owners.is_shared then coalesce(attached.person_id, traces.node_id)
            else coalesce(owners.person_id, traces.component_id)
        end
    from traces
    left join owners on traces.component_id = owners.component_id
    left join attached on traces.node_id = attached.node_id

),

apart as (

    select distinct overrides.node_b as node_id
    from {{ ref('int_identity__overrides') }} as overrides
    inner join tiers as a on overrides.node_a = a.node_id
    inner join tiers as b on overrides.node_b = b.node_id
    where overrides.kind = 'cannot_link' and a.component_id = b.component_id

),

parted as (

    select
        tiers.node_id,
        min(tiers.node_id) over (
            partition by tiers.component_id, case when apart.node_id is not null then tiers.node_id end
        ) as component_id
    from tiers
    left join apart on tiers.node_id = apart.node_id

),

-- However an identifier was spelled, it goes where its canonical form goes.
spellings as (

    select
        identifier_type || ':' || stated_value as node_id,
        identifier_type || ':' || identifier_value as canonical_id
    from {{ ref('int_identity__spellings') }}

)

select node_id, component_id from parted

union all

select spellings.node_id, parted.component_id
from spellings
inner join parted on spellings.canonical_id = parted.node_id
anti join parted as own on spellings.node_id = own.node_id
