select
    as_of_date,
    node_id,
    customer_id,
    customer_created_on
from {{ published_before('history', 'dim_identities') }}
