-- A switch holds from the run of its day on, that run included: it was set before it.
select
    as_of_date,
    kind,
    name,
    is_on,
    switched_at,
    reason
from {{ source('ledger', 'switches') }}
where as_of_date <= {{ as_of_date() }}
