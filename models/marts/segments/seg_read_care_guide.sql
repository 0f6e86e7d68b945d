{%- set page_path = policy_value('seg_read_care_guide', 'page_path', 'string') -%}

select
    customer_id,
    {{ json_text({
        'segment': "'read_care_guide'",
        'read_at': 'cast(max(occurred_at) as string)',
    }) }} as evidence
from {{ ref('fct_web_events') }}
where
    customer_id is not null
    and event_name = 'Page Viewed'
    and page_path in ({{ page_path }}, {{ page_path }} || '/')
    and {{ in_last('occurred_at', '30 day') }}
group by customer_id
