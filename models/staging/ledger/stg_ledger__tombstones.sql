-- Read whatever the clock: who has been erased is erased on every day, those that are replayed included.
select
    as_of_date,
    identifier_type,
    digest,
    salt,
    erased_at
from {{ source('ledger', 'tombstones') }}
