select
    as_of_date,
    segment,
    size,
    entry_count,
    exit_count,
    definition_hash,
    cast(dense_rank() over (order by as_of_date desc nulls last) as int) as days_back
from {{ ref('stg_history__segment_sizes') }}
qualify dense_rank() over (order by as_of_date desc nulls last) < 30
