{#- The distinct values of a group as one text, in order, with a separator between them; nulls are skipped. -#}
{% macro listagg_sorted(text, separator=', ') -%}
    {{ return(adapter.dispatch('listagg_sorted')(text, separator)) }}
{%- endmacro %}

{% macro default__listagg_sorted(text, separator) -%}
    array_join(array_sort(collect_set({{ text }})), '{{ separator }}')
{%- endmacro %}

{% macro duckdb__listagg_sorted(text, separator) -%}
    string_agg(distinct {{ text }}, '{{ separator }}' order by {{ text }})
{%- endmacro %}
