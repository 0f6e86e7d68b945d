{#-
    The ISO 8601 week of a date as text, `2026-W09`. A week belongs to the year that its Thursday is in:
    https://www.iso.org/iso-8601-date-and-time-format.html
-#}
{% macro iso_week(day) -%}
    {%- set thursday = "(cast(date_trunc('week', " ~ day ~ ") as date) + interval 3 day)" -%}
    cast(extract(year from {{ thursday }}) as string) || '-W' || lpad(cast(extract(week from {{ thursday }}) as string), 2, '0')
{%- endmacro %}
