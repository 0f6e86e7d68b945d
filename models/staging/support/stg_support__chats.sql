select
    id as chat_id,
    {{ normalise_email('visitor_email') }} as email,
    visitor_email as email_as_given,
    timestamp as started_at,
    end_timestamp as ended_at,
    coalesce(missed, false) as is_missed,
    lower(nullif(trim(rating), '')) as rating,
    source_file,
    source_line,
    extract_date,
    load_id
from {{ known('support', 'chats') }}
