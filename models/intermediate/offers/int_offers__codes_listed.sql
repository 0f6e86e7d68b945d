{{ config(materialized='view') }}

select code, offer, expires_at
from {{ ref('stg_offers__codes') }}
qualify row_number() over (
    partition by code
    order by extract_date desc nulls last, source_file desc nulls last, source_line desc nulls last
) = 1
