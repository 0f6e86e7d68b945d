{#- The distinct values of a group as one text, in order, separated by a comma and a space; nulls are skipped. -#}
{% macro listagg_sorted(text) -%}
    {{ return(adapter.dispatch('listagg_sorted')(text)) }}
{%- endmacro %}

{% macro default__listagg_sorted(text) -%}
    array_join(array_sort(collect_set({{ text }})), ', ')
{%- endmacro %}

{% macro duckdb__listagg_sorted(text) -%}
    string_agg(distinct {{ text }}, ', ' order by {{ text }})
{%- endmacro %}
