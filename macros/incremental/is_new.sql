{#-
    A condition on extract_date: true for rows of the loads of an extract that this model has not taken in yet. Dates
    are literals, so that only their partitions are read. Only for the incremental branch of a model.
-#}
{% macro is_new(extract) -%}
    {%- set source_name, table_name = extract.split('.') -%}
    {%- set dates = run_query(
        "select available.extract_date from (" ~ available_loads() ~ ") as available"
        ~ " anti join " ~ built_loads(this) ~ " as built using (source_name, table_name, extract_date)"
        ~ " where available.source_name = '" ~ source_name ~ "' and available.table_name = '" ~ table_name ~ "'"
        ~ " order by available.extract_date nulls last"
    ).columns[0].values() -%}
    {%- if not dates -%}
        false
    {%- else -%}
        extract_date in (
            {%- for day in dates %}date '{{ day }}'{{ ', ' if not loop.last }}{% endfor -%}
        )
    {%- endif -%}
{%- endmacro %}
