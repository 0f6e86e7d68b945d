select
    as_of_date,
    customer_id,
    category,
    viewed_at,
    in_cart_at,
    bought_at
from {{ published_before('history', 'fct_category_stages') }}
