{#- The English name of a date's day of the week, in lower case: `monday`. -#}
{% macro weekday_name(day) -%}
    split_part(
        'monday tuesday wednesday thursday friday saturday sunday',
        ' ',
        {{ days_between("date_trunc('week', " ~ day ~ ")", day) }} + 1
    )
{%- endmacro %}
