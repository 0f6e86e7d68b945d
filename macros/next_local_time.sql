{#-
    The first UTC timestamp, at or after one, at which clocks in a time zone show a time of day, given in minutes from midnight:
    today's, or else tomorrow's.
-#}
{% macro next_local_time(at, minute, time_zone) -%}
    {%- set today = dbt.dateadd('minute', minute, "date_trunc('day', " ~ local_time(at, time_zone) ~ ")") -%}
    {%- set tomorrow = dbt.dateadd('minute', minute ~ ' + 1440', "date_trunc('day', " ~ local_time(at, time_zone) ~ ")") -%}
    case
        when {{ utc_time(today, time_zone) }} >= {{ at }} then {{ utc_time(today, time_zone) }}
        else {{ utc_time(tomorrow, time_zone) }}
    end
{%- endmacro %}
