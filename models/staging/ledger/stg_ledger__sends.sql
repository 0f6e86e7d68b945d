select
    as_of_date,
    message_id,
    campaign,
    customer_id,
    occasion_id,
    variant,
    send_at
from {{ published_before('ledger', 'sends') }}
