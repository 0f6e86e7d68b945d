with spent as (
    select offer_code, message_id
    from {{ ref('stg_ledger__sent_codes') }}

    union all

    select offer_code, null
    from {{ ref('stg_ledger__offer_codes') }}
)

select
    offer_code as code,
    max(message_id) as message_id
from spent
group by offer_code
