with published as (

    select * from {{ ref('int_identity__published') }}

),

published_aliases as (

    select *
    from {{ ref('stg_history__identity_aliases') }}
    qualify as_of_date = max(as_of_date) over ()

),

present as (

    select * from {{ ref('int_identity__resolved') }}

),

customers as (

    select distinct customer_id from present

),

retired as (

    select
        published.customer_id as former_customer_id,
        published.customer_created_on,
        published.node_id,
        present.customer_id,
        count(*) over (partition by published.customer_id, present.customer_id) as node_count
    from published
    inner join present on published.node_id = present.node_id
    anti join customers on published.customer_id = customers.customer_id

),

-- Whoever has most of its identifiers is the heir; the most telling of those says later where the id belongs.
retired_now as (

    select former_customer_id, customer_id, customer_created_on, node_id, {{ as_of_date() }} as retired_on
    from retired
    qualify row_number() over (
        partition by former_customer_id
        order by
            node_count desc nulls last,
            customer_id nulls last,
            case split_part(node_id, ':', 1)
                when 'email' then 2 when 'phone' then 3 when 'anonymous_id' then 4 when 'cart_token' then 5 else 1
            end nulls last,
            node_id nulls last
    ) = 1

),

retired_before as (

    select
        aliases.former_customer_id,
        coalesce(present.customer_id, customers.customer_id, retired_now.customer_id) as customer_id,
        aliases.customer_created_on,
        aliases.node_id,
        aliases.retired_on
    from published_aliases as aliases
    left join present on aliases.node_id = present.node_id
    left join customers on aliases.customer_id = customers.customer_id
    left join retired_now on aliases.customer_id = retired_now.former_customer_id
    anti join retired_now as again on aliases.former_customer_id = again.former_customer_id
    anti join customers as revived on aliases.former_customer_id = revived.customer_id

)

select former_customer_id, customer_id, customer_created_on, node_id, retired_on from retired_now
union all
select former_customer_id, customer_id, customer_created_on, node_id, retired_on
from retired_before
where customer_id is not null
