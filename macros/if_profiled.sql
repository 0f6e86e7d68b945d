{#-
    What an export may show of what the customer did: null for whoever has not consented to profiling. Reads
    fct_campaign_messages as `messages`.
-#}
{% macro if_profiled(expression) -%}
    case when messages.has_profiling_consent then {{ expression }} end
{%- endmacro %}
