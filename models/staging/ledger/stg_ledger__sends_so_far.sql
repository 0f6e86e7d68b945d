-- The day's own sends too: a day that is run again must not give another code to whoever has one, nor one to whoever had none.
select
    as_of_date,
    message_id,
    offer_code
from {{ source('ledger', 'sends') }}
where as_of_date <= {{ as_of_date() }}
