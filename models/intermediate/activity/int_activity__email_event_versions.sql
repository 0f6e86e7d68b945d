{{ config(materialized='view') }}

select
    email_event_id,
    'email:' || email as node_id,
    email,
    event_type,
    occurred_at,
    campaign,
    message_id,
    url,
    reason,
    -- A bounce of no stated kind is taken for a hard one: what may not be mailed is not mailed.
    event_type = 'bounce' and coalesce(bounce_type, 'bounce') <> 'blocked' as is_hard_bounce,
    source_file,
    source_line,
    extract_date
from {{ ref('stg_esp__events') }}
-- An event without an id or a time may still be a refusal (int_consent__refused); it is no activity.
where email_event_id is not null and occurred_at is not null
