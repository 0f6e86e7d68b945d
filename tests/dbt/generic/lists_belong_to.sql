{#- Fails for every row of a list whose message is not in the export it belongs to. -#}
{% test lists_belong_to(model, to) %}
select model.message_id
from {{ model }} as model
anti join {{ to }} as messages on model.message_id = messages.message_id
{% endtest %}
