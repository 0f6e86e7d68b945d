select
    as_of_date,
    former_customer_id,
    customer_id,
    customer_created_on,
    node_id,
    retired_on
from {{ published_before('history', 'dim_identity_aliases') }}
