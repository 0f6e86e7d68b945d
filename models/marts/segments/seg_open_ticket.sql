select
    customer_id,
    {{ json_text({
        'segment': "'open_ticket'",
        'ticket_count': 'count(*)',
        'opened_at': 'cast(min(opened_at) as string)',
    }) }} as evidence
from {{ ref('fct_support_tickets') }}
where customer_id is not null and is_open
group by customer_id
