select
    {{ as_of_date() }} as as_of_date,
    former_customer_id,
    customer_id,
    customer_created_on,
    node_id,
    retired_on
from {{ ref('int_customers__succeeded') }}
