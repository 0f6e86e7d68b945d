{#- Fails for every row of which `expression` is false or null. -#}
{% test is_true(model, expression) %}
select *
from {{ model }}
where not coalesce({{ expression }}, false)
{% endtest %}
