select
    as_of_date,
    segment,
    customer_id,
    is_member,
    entered_at
from {{ published_before('history', 'fct_segment_memberships') }}
