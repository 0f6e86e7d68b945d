{#-
    The UTC timestamp at which clocks in a time zone (a name of the seed time_zones; another one raises) show a time. A time they
    show twice, when they are put back, is the first of the two; one they leave out, when they are put forward, is as much later
    as they are.
-#}
{% macro utc_time(shown, time_zone) -%}
    {{ return(adapter.dispatch('utc_time')(shown, time_zone)) }}
{%- endmacro %}

{#- DuckDB takes the second of two: the offset of the day before leads to the first. -#}
{% macro duckdb__utc_time(shown, time_zone) -%}
    {%- set second = "timezone('UTC', timezone(" ~ time_zone ~ ", " ~ shown ~ "))" -%}
    {%- set day_before = "(" ~ second ~ " - interval 1 day)" -%}
    {%- set first = "(" ~ shown ~ " - (" ~ local_time(day_before, time_zone) ~ " - " ~ day_before ~ "))" -%}
    case when {{ local_time(first, time_zone) }} = {{ shown }} then {{ first }} else {{ second }} end
{%- endmacro %}

{% macro spark__utc_time(shown, time_zone) -%}
    to_utc_timestamp({{ shown }}, {{ time_zone }})
{%- endmacro %}
