select
    as_of_date,
    trigger_name,
    occasion_id,
    customer_id,
    occurred_at,
    due_at
from {{ published_before('history', 'fct_trigger_occasions') }}
