{#-
    The instant after which something must have happened to be an occasion that a trigger still keeps (see occasions.sql). What a
    trigger reads is cut to it before it is joined, so that a run costs the same however long the history is.
-#}
{% macro kept_since(trigger_name) -%}
(
    select {{ dbt.dateadd('minute', '-max(window_minutes)', as_of() ~ ' - interval 30 day') }}
    from {{ ref('dim_trigger_arms') }}
    where trigger_name = '{{ trigger_name }}'
)
{%- endmacro %}
