-- The day's own sends too: a day that is run again must not give another code to whoever has one.
select
    as_of_date,
    message_id,
    offer_code
from {{ source('ledger', 'sends') }}
where as_of_date <= {{ as_of_date() }} and offer_code is not null
