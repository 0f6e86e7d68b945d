with spent as (
    select code, message_id
    from {{ ref('int_offers__messages_sent') }}
    where code is not null

    union all

    select offer_code, null
    from {{ ref('stg_ledger__offer_codes') }}
)

select
    code,
    max(message_id) as message_id
from spent
group by code
