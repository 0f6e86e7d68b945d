with latest_changes as (
    select customer_id, tier, changed_at
    from {{ ref('fct_loyalty_tier_changes') }}
    qualify row_number() over (partition by customer_id order by changed_at desc nulls last) = 1
),

tiers as (
    select tier, position, position = max(position) over () as is_top_tier
    from {{ ref('loyalty_tiers') }}
)

select
    {{ as_of_date() }} as as_of_date,
    latest_changes.customer_id,
    latest_changes.tier,
    tiers.position,
    tiers.is_top_tier,
    latest_changes.changed_at as reached_at
from latest_changes
inner join tiers on latest_changes.tier = tiers.tier
