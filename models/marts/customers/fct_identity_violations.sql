select
    {{ as_of_date() }} as as_of_date,
    node_id,
    identifier_type,
    identifier_value,
    violation,
    guarded_type,
    guard_limit,
    would_merge_count,
    would_merge_examples
from {{ ref('int_identity__violations') }}
