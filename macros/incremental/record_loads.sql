{#-
    Post-hook of an incremental model: notes the loads it is built from now, in the transaction of the build itself,
    so that a build that fails leaves both as they were.
-#}
{% macro record_loads() -%}
    {%- if execute -%}
        create or replace table {{ built_loads(this) }} as
        {{ available_loads() }}
    {%- endif -%}
{%- endmacro %}
