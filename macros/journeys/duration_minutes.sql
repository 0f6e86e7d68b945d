{#- The minutes in a duration as people write it: `90 minutes`, `24 hours`, `3 days`. -#}
{% macro duration_minutes(duration, where) -%}
    {%- set words = (duration ~ '').split() -%}
    {%- set units = {'minute': 1, 'hour': 60, 'day': 1440, 'week': 10080} -%}
    {%- set unit = words[1][:-1] if words | length == 2 and words[1].endswith('s') else words[1] -%}
    {%- if words | length != 2 or unit not in units or not words[0].isdigit() or words[0] | int == 0 -%}
        {{ exceptions.raise_compiler_error(where ~ ": '" ~ duration ~ "' is no duration; write it as in 90 minutes, 24 hours or 3 days.") }}
    {%- endif -%}
    {{ return((words[0] | int) * units[unit]) }}
{%- endmacro %}
