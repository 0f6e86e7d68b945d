{{ config(materialized='view') }}

select message_id, offer_code as code
from {{ ref('stg_ledger__sends_so_far') }}
