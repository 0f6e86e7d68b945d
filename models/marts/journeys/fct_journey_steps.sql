{% for journey in var('journeys') -%}
select
    {{ as_of_date() }} as as_of_date,
    journey,
    enrolment_id,
    customer_id,
    step,
    position,
    kind,
    campaign,
    occasion_id,
    reached_at,
    expires_at,
    left_at,
    outcome,
    message_id
from {{ ref('jrn_' ~ journey) }}
{{ 'union all' if not loop.last }}
{% endfor %}
