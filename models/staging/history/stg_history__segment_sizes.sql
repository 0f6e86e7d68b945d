select
    as_of_date,
    segment,
    size,
    entry_count,
    exit_count,
    definition_hash
from {{ published_before('history', 'fct_segment_sizes') }}
