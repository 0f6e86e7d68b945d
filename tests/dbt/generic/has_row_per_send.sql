{#- Fails for every send of `campaign` the model has no row for, and every row that is no send. -#}
{% test has_row_per_send(model, campaign) %}
with sends as (
    select message_id
    from {{ ref('fct_campaign_decisions') }}
    where campaign = '{{ campaign }}' and decision = 'send'
)

select sends.message_id as sent, model.message_id as held
from sends
full outer join {{ model }} as model on sends.message_id = model.message_id
where sends.message_id is null or model.message_id is null
{% endtest %}
