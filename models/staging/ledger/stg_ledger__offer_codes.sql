select
    as_of_date,
    offer_code
from {{ source('ledger', 'offer_codes') }}
where as_of_date <= {{ as_of_date() }}
