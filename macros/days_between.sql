{#- Whole days from date a to date b; negative where b is earlier. -#}
{% macro days_between(a, b) -%}
    {{ return(adapter.dispatch('days_between')(a, b)) }}
{%- endmacro %}

{% macro default__days_between(a, b) -%}
    datediff(cast({{ b }} as date), cast({{ a }} as date))
{%- endmacro %}

{% macro duckdb__days_between(a, b) -%}
    cast(date_diff('day', cast({{ a }} as date), cast({{ b }} as date)) as int)
{%- endmacro %}
