{#-
    Fails for every row of an export that shows what a customer did who has not consented to profiling: a value in a column
    with `config.meta.behavioural: true`, or any row where the model says so of itself. It looks the consent up anew. Whom
    a row is about its message says, or the row itself.
-#}
{% test shows_behaviour_only_by_consent(model) %}
{%- set nodes = graph.nodes.values() if execute else [] -%}
{%- set node = nodes | selectattr('resource_type', 'eq', 'model') | selectattr('name', 'eq', model.identifier) | first -%}
{%- set is_of_messages = not node or 'message_id' in node.columns %}
{%- set who = 'messages' if is_of_messages else 'export' %}
select {{ who }}.customer_id
from {{ model }} as export
{%- if is_of_messages %}
inner join {{ ref('fct_campaign_messages') }} as messages on export.message_id = messages.message_id
{%- endif %}
anti join (
    select customer_id from {{ ref('fct_consents') }} where purpose = 'profiling' and status = 'granted'
) as profiled on {{ who }}.customer_id = profiled.customer_id
{%- if node and not node.config.meta.get('behavioural') %}
where
    false
    {%- for column in node.columns.values() if column.config.meta.get('behavioural') %}
    or export.{{ column.name }} is not null
    {%- endfor %}
{%- endif %}
{% endtest %}
