select
    as_of_date,
    segment,
    customer_id,
    -- Not there in what was published before segments had subjects.
    coalesce(subject, '') as subject,
    is_member,
    entered_at
from {{ published_before('history', 'fct_segment_memberships') }}
