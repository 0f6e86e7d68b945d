select
    {{ clean_text('code') }} as code,
    {{ clean_text('offer') }} as offer,
    expires_at,
    source_file,
    source_line,
    extract_date,
    load_id
from {{ known('offers', 'codes') }}
