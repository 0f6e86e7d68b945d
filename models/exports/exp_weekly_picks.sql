select
    {{ message_columns() }},
    cast({{ if_profiled('candidates.top_category') }} as string) as top_category,
    cast(coalesce(recommendations.item_count, 0) as int) as picks_count
from {{ ref('fct_campaign_messages') }} as messages
inner join {{ ref('cmp_weekly_picks') }} as candidates
    on messages.customer_id = candidates.customer_id and messages.occasion_id = candidates.occasion_id
left join {{ ref('fct_recommendations') }} as recommendations
    on messages.message_id = recommendations.message_id
    and recommendations.list_name = 'products'
    and recommendations.position = 1
where messages.campaign = 'weekly_picks'
