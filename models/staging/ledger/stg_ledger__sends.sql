-- What runs before this one sent: earlier days', and of the day itself the pulses' before the clock. The run's own is left out, so
-- that running it again gives the same result.
select
    as_of_date,
    message_id,
    campaign,
    customer_id,
    occasion_id,
    variant,
    send_at
from {{ source('ledger', 'sends') }}
where coalesce(run_as_of, cast(as_of_date as timestamp) + interval 1 day) < {{ as_of() }}
