with identities as (

    select * from {{ ref('stg_history__identities') }}

)

select node_id, customer_id, customer_created_on
from identities
where as_of_date = (select max(as_of_date) from identities)
