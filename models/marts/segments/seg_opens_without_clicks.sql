select
    customer_id,
    {{ json_text({
        'segment': "'opens_without_clicks'",
        'opened_email_count': "count(distinct case when event_type = 'open' then coalesce(message_id, email_event_id) end)",
    }) }} as evidence
from {{ ref('fct_email_events') }}
where customer_id is not null and event_type in ('open', 'click') and {{ in_last('occurred_at', '30 day') }}
group by customer_id
having
    count_if(event_type = 'click') = 0
    and count(distinct case when event_type = 'open' then coalesce(message_id, email_event_id) end) >= 3
