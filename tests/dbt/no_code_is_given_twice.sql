{{ config(meta={'dagster': {'ref': {'name': 'fct_offer_codes'}}}) }}
-- A code that the ledger says was given is its message's and nobody else's.
select codes.message_id
from {{ ref('fct_offer_codes') }} as codes
inner join {{ ref('int_offers__codes_spent') }} as spent on codes.code = spent.code
where coalesce(codes.message_id <> spent.message_id, true)
