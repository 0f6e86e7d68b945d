{#- The dates of the loads of an extract that this model has not taken in yet, in order. -#}
{% macro new_dates(extract) -%}
    {%- set source_name, table_name = extract.split('.') -%}
    {{ return(run_query(
        "select available.extract_date from (" ~ available_loads() ~ ") as available"
        ~ " anti join " ~ built_loads(this) ~ " as built using (source_name, table_name, extract_date)"
        ~ " where available.source_name = '" ~ source_name ~ "' and available.table_name = '" ~ table_name ~ "'"
        ~ " order by available.extract_date nulls last"
    ).columns[0].values()) }}
{%- endmacro %}
