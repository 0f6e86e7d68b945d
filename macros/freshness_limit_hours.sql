{#-
    How old a source table may be, in hours: the `freshness.error_after` of its YAML. Where that is not declared, the default;
    without a default it must be.
-#}
{% macro freshness_limit_hours(source_name, table_name, default) -%}
    {%- if not execute -%}
        {{ return(0) }}
    {%- endif -%}
    {%- set table = graph.sources.values() | selectattr('source_name', 'eq', source_name) | selectattr('name', 'eq', table_name) | first -%}
    {%- set limit = table.freshness.error_after -%}
    {%- if not limit or not limit.count -%}
        {%- if default is defined -%}{{ return(default) }}{%- endif -%}
        {{ exceptions.raise_compiler_error("Set config.freshness.error_after of " ~ source_name ~ "." ~ table_name ~ " in " ~ table.original_file_path ~ ".") }}
    {%- endif -%}
    {{ return((limit.count * {'minute': 1 / 60, 'hour': 1, 'day': 24}[limit.period]) | round(0, 'floor') | int) }}
{%- endmacro %}
