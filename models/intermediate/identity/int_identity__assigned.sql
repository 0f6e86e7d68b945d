with components as (

    select * from {{ ref('int_identity__components') }}

),

published as (

    select * from {{ ref('int_identity__published') }}

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

-- A split: of the components a customer fell into, the one with most of its identifiers keeps the id.
kept as (

    select component_id, customer_id, customer_created_on
    from claims
    qualify row_number() over (
        partition by customer_id order by node_count desc nulls last, component_id nulls last
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

assigned as (

    select
        components.component_id,
        coalesce(
            inherited.customer_id, md5(components.component_id || '|' || cast({{ as_of_date() }} as string))
        ) as customer_id,
        coalesce(inherited.customer_created_on, {{ as_of_date() }}) as customer_created_on
    from (select distinct component_id from components) as components
    left join inherited on components.component_id = inherited.component_id

)

select * from assigned
