{#- Fails for every partition that has not one row for each pair of `row` and `column` from 1 to its highest. -#}
{% test is_square_grid(model, partition_by, row, column) %}
select {{ partition_by }}
from {{ model }}
group by {{ partition_by }}
having
    min({{ row }}) <> 1
    or min({{ column }}) <> 1
    or max({{ row }}) <> max({{ column }})
    or count(*) <> max({{ row }}) * max({{ column }})
{% endtest %}
