select
    source_name,
    table_name,
    extract_date,
    load_id,
    row_count,
    quarantined_count
from {{ known('loads', 'extracts') }}
