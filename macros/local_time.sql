{#- What clocks in a time zone (a name of the seed time_zones; another one raises) show at a UTC timestamp. -#}
{% macro local_time(at, time_zone) -%}
    {{ return(adapter.dispatch('local_time')(at, time_zone)) }}
{%- endmacro %}

{% macro duckdb__local_time(at, time_zone) -%}
    timezone({{ time_zone }}, timezone('UTC', {{ at }}))
{%- endmacro %}

{% macro spark__local_time(at, time_zone) -%}
    from_utc_timestamp({{ at }}, {{ time_zone }})
{%- endmacro %}
