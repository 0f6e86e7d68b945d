select
    {{ message_columns() }},
    cast(candidates.ordered_at as timestamp) as ordered_at
from {{ ref('fct_campaign_messages') }} as messages
inner join {{ ref('cmp_second_offer') }} as candidates
    on messages.customer_id = candidates.customer_id and messages.occasion_id = candidates.occasion_id
where messages.campaign = 'second_offer'
