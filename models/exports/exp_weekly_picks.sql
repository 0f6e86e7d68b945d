select
    {{ message_columns() }},
    cast({{ if_profiled('candidates.top_category') }} as string) as top_category,
    cast(coalesce(suggestions.suggestion_count, 0) as int) as picks_count
from {{ ref('fct_campaign_messages') }} as messages
inner join {{ ref('cmp_weekly_picks') }} as candidates
    on messages.customer_id = candidates.customer_id and messages.occasion_id = candidates.occasion_id
left join {{ ref('fct_product_suggestions') }} as suggestions
    on messages.customer_id = suggestions.customer_id and suggestions.position = 1
where messages.campaign = 'weekly_picks'
