select
    {{ clean_text('canonical_vid') }} as contact_id,
    {{ clean_text('vid_to_merge') }} as merged_contact_id,
    timestamp as merged_at,
    source_file,
    source_line,
    extract_date,
    load_id
from {{ known('crm', 'merges') }}
