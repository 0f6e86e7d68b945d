select
    source_name,
    table_name,
    max(extract_date) as last_extract_on
from {{ ref('stg_loads__extracts') }}
group by source_name, table_name
