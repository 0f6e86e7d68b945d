{#-
    Whether something happened in the days up to the clock that a setting of the seed recommendation_policy gives; the instants at
    either end as in in_last.
-#}
{% macro in_last_days_of(happened_at, setting) -%}
    ({{ happened_at }} >= {{ dbt.dateadd('day', '-' ~ recommendation_setting(setting), as_of()) }} and {{ happened_at }} < {{ as_of() }})
{%- endmacro %}
