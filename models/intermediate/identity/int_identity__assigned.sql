with components as (

    select * from {{ ref('int_identity__components') }}

),

published as (

    select * from {{ ref('int_identity__published') }}

),

-- The ids that merges retired, where what they stood for is now.
former as (

    select
        components.component_id,
        aliases.former_customer_id,
        aliases.customer_id,
        aliases.customer_created_on
    from {{ ref('stg_history__identity_aliases') }} as aliases
    inner join components on aliases.node_id = components.node_id
    anti join published on aliases.former_customer_id = published.customer_id
    qualify aliases.as_of_date = max(aliases.as_of_date) over ()

),

claims as (

    select
        components.component_id,
        published.customer_id,
        published.customer_created_on,
        count(*) as node_count
    from components
    inner join published on components.node_id = published.node_id
    group by components.component_id, published.customer_id, published.customer_created_on

),

returned as (

    select distinct component_id, customer_id from former

),

-- A split: of the components a customer fell into, the one with most of its identifiers keeps the id; one that had an
-- id of its own before it was merged into the customer takes that.
kept as (

    select claims.component_id, claims.customer_id, claims.customer_created_on
    from claims
    left join returned on claims.component_id = returned.component_id and claims.customer_id = returned.customer_id
    qualify row_number() over (
        partition by claims.customer_id
        order by
            case when returned.component_id is null then 0 else 1 end nulls last,
            claims.node_count desc nulls last,
            claims.component_id nulls last
    ) = 1

),

-- A merge: of the ids a component has, the oldest stays.
inherited as (

    select component_id, customer_id, customer_created_on
    from kept
    qualify row_number() over (
        partition by component_id order by customer_created_on nulls last, customer_id nulls last
    ) = 1

),

revived as (

    select component_id, former_customer_id as customer_id, customer_created_on
    from former
    qualify row_number() over (
        partition by component_id order by customer_created_on nulls last, former_customer_id nulls last
    ) = 1

)

select
    components.component_id,
    coalesce(
        inherited.customer_id,
        revived.customer_id,
        md5(components.component_id || '|' || cast({{ as_of_date() }} as string))
    ) as customer_id,
    coalesce(inherited.customer_created_on, revived.customer_created_on, {{ as_of_date() }}) as customer_created_on
from (select distinct component_id from components) as components
left join inherited on components.component_id = inherited.component_id
left join revived on components.component_id = revived.component_id
