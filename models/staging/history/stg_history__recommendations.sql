select
    as_of_date,
    message_id,
    product_id
from {{ published_before('history', 'fct_recommendations') }}
