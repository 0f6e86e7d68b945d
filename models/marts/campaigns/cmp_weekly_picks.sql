with campaign as (
    select *
    from {{ ref('dim_campaigns') }}
    where campaign = 'weekly_picks' and send_on_weekday = {{ weekday_name(as_of()) }}
),

-- Of a path as in Home > Kitchen, what a reader would call it: its end.
top_categories as (
    select customer_id, trim(regexp_extract(value, '[^>]+$', 0)) as category
    from {{ ref('fct_affinities') }}
    where dimension = 'category' and affinity_rank = 1
)

select
    customers.customer_id,
    {{ iso_week(as_of()) }} as occasion_id,
    cast(null as string) as segment,
    {{ json_text({'campaign': 'campaign.campaign', 'week': iso_week(as_of())}) }} as evidence,
    true as has_content,
    cast(null as decimal(18, 2)) as expected_value_amount,
    top_categories.category as top_category
from {{ ref('dim_customers') }} as customers
cross join campaign
left join top_categories on customers.customer_id = top_categories.customer_id
where customers.email is not null
