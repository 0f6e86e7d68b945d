select
    kind,
    name,
    is_on,
    switched_at
from {{ ref('stg_ledger__switches') }}
qualify
    row_number() over (
        partition by kind, name
        order by as_of_date desc nulls last, switched_at desc nulls last, is_on asc nulls last
    ) = 1
