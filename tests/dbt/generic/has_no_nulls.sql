{#-
    Fails where one of `columns` is null, and says in which and how often: one query a table, however many columns it is
    asked about.
-#}
{% test has_no_nulls(model, columns) %}
with counts as (
    select
        {% for column in columns -%}
        count_if({{ column }} is null) as {{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ model }}
),

found as (
    {% for column in columns -%}
    select '{{ column }}' as column_name, {{ column }} as null_count from counts{{ ' union all' if not loop.last }}
    {% endfor %}
),

faults as (
    select {{ listagg_sorted("column_name || ': ' || cast(null_count as string)") }} as message
    from found
    where null_count > 0
)

select message
from faults
where message is not null and {{ raise_error("'" ~ model.identifier ~ " has nulls in ' || message") }} is null
{% endtest %}
