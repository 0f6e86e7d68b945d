with published as (
    select * from {{ ref('stg_history__identities') }}
),

present as (
    select * from {{ ref('int_identity__resolved') }}
),

present_customers as (
    select distinct customer_id
    from present
),

former_nodes as (
    select distinct
        published.customer_id as former_customer_id,
        published.node_id
    from published
    anti join present_customers on published.customer_id = present_customers.customer_id
),

heirs as (
    select
        former_nodes.former_customer_id,
        present.customer_id,
        count(*) as node_count
    from former_nodes
    inner join present on former_nodes.node_id = present.node_id
    group by former_nodes.former_customer_id, present.customer_id
)

select former_customer_id, customer_id
from heirs
qualify
    row_number() over (
        partition by former_customer_id
        order by node_count desc nulls last, customer_id asc nulls last
    ) = 1
