with pairs as (

    select * from {{ ref('stg_duplicates__pairs') }}

),

contacts as (

    select contact_id, customer_id from {{ ref('int_duplicates__contacts') }}

),

-- Who is whose is looked up now: since the contacts were compared some have become one customer.
owned as (

    select
        pairs.*,
        a.customer_id as customer_id_a,
        b.customer_id as customer_id_b
    from pairs
    inner join contacts as a on pairs.contact_id_a = a.contact_id
    inner join contacts as b on pairs.contact_id_b = b.contact_id
    where pairs.as_of_date = (select max(as_of_date) from pairs) and a.customer_id <> b.customer_id

),

decided as (

    select customer_id_a, customer_id_b from {{ ref('int_duplicates__decided') }}
    union
    select customer_id_b, customer_id_a from {{ ref('int_duplicates__decided') }}

)

select
    owned.as_of_date as compared_on,
    owned.match_probability,
    owned.match_weight,
    owned.reasons,
    owned.contact_id_a,
    owned.contact_id_b,
    owned.customer_id_a,
    owned.customer_id_b
from owned
anti join decided
    on owned.customer_id_a = decided.customer_id_a and owned.customer_id_b = decided.customer_id_b
qualify row_number() over (
    partition by
        least(owned.customer_id_a, owned.customer_id_b), greatest(owned.customer_id_a, owned.customer_id_b)
    order by owned.match_weight desc nulls last, owned.contact_id_a nulls last, owned.contact_id_b nulls last
) = 1
