{#- Minutes from midnight of a time of day in text (`09:30`); null where it is none. -#}
{% macro minute_of_day(time) -%}
    case
        when regexp_extract({{ time }}, '^([01][0-9]|2[0-3]):[0-5][0-9]$', 0) <> ''
            then cast(split_part({{ time }}, ':', 1) as int) * 60 + cast(split_part({{ time }}, ':', 2) as int)
    end
{%- endmacro %}
