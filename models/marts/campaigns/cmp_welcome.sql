select
    customer_id,
    occasion_id,
    cast(null as string) as segment,
    evidence,
    true as has_content,
    cast(null as decimal(18, 2)) as expected_value_amount
from {{ ref('fct_occasions') }}
where campaign = 'welcome' and expires_at > {{ as_of() }} - interval 1 day
