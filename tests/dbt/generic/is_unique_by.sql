{#- Fails for every combination of `columns` that more than one row has. -#}
{% test is_unique_by(model, columns) %}
select {{ columns | join(', ') }}, count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
