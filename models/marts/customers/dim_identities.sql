select
    {{ as_of_date() }} as as_of_date,
    node_id,
    customer_id,
    customer_created_on
from {{ ref('int_identity__resolved') }}
