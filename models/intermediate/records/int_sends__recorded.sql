with sends as (
    select * from {{ ref('stg_ledger__sends') }}
),

successions as (
    select * from {{ ref('int_customers__succeeded') }}
)

select
    sends.as_of_date,
    sends.message_id,
    sends.campaign,
    coalesce(successions.customer_id, sends.customer_id) as customer_id,
    sends.occasion_id,
    sends.variant,
    sends.send_at
from sends
left join successions on sends.customer_id = successions.former_customer_id
