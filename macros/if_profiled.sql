{#-
    What an export may show of what the customer did: null for whoever has not consented to profiling. `row` is what it
    selects from, which says who has: fct_campaign_messages as `messages`, unless it is another table.
-#}
{% macro if_profiled(expression, row='messages') -%}
    case when {{ row }}.has_profiling_consent then {{ expression }} end
{%- endmacro %}
