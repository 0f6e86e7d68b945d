select
    sg_event_id as email_event_id,
    sg_message_id as esp_message_id,
    {{ normalise_email('email') }} as email,
    email as email_as_given,
    lower(trim(event)) as event_type,
    {{ epoch_to_timestamp('timestamp') }} as occurred_at,
    lower(nullif(trim(type), '')) as bounce_type,
    reason,
    url,
    asm_group_id as unsubscribe_group_id,
    nullif(trim(campaign_id), '') as campaign,
    nullif(trim(send_id), '') as message_id,
    source_file,
    source_line,
    extract_date,
    load_id
from {{ known('esp', 'events') }}
