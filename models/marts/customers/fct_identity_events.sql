with published as (

    select * from {{ ref('int_identity__published') }}

),

identities as (

    select * from {{ ref('int_identity__resolved') }}

),

published_customers as (

    select distinct customer_id from published

),

customers as (

    select distinct customer_id from identities

),

-- Who has an identifier now, and who had it.
moves as (

    select distinct identities.customer_id, published.customer_id as other_customer_id
    from identities
    inner join published on identities.node_id = published.node_id
    where identities.customer_id <> published.customer_id

),

events as (

    select
        case
            when customers.customer_id is null and published_customers.customer_id is not null then 'merged'
            else 'split'
        end as event_type,
        moves.customer_id,
        moves.other_customer_id
    from moves
    left join customers on moves.other_customer_id = customers.customer_id
    left join published_customers on moves.customer_id = published_customers.customer_id

    union all

    select 'created', customer_id, cast(null as string)
    from customers
    anti join published_customers using (customer_id)
    anti join moves using (customer_id)

)

select
    {{ as_of_date() }} as as_of_date,
    event_type,
    customer_id,
    other_customer_id
from events
