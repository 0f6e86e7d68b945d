select
    id as ticket_number,
    {{ normalise_email('requester_email') }} as email,
    requester_email as email_as_given,
    lower(nullif(trim(status), '')) as status,
    lower(nullif(trim(priority), '')) as priority,
    lower(nullif(trim(via_channel), '')) as channel,
    created_at,
    updated_at,
    solved_at,
    source_file,
    source_line,
    extract_date,
    load_id
from {{ known('support', 'tickets') }}
