{#-
    A condition on extract_date: true for rows of the loads of an extract that this model has not taken in yet. Dates
    are literals, so that only their partitions are read. Only for the incremental branch of a model.
-#}
{% macro is_new(extract) -%}
    {%- set dates = new_dates(extract) -%}
    {%- if not dates -%}
        false
    {%- else -%}
        extract_date in (
            {%- for day in dates %}date '{{ day }}'{{ ', ' if not loop.last }}{% endfor -%}
        )
    {%- endif -%}
{%- endmacro %}
