{#- A policy setting as a typed SQL value; null where the YAML says null. -#}
{% macro policy_value(model_name, key, type, default) -%}
    {%- set value = policy(model_name, key, default) -%}
    cast({{ 'null' if value is none else "'" ~ value ~ "'" }} as {{ type }})
{%- endmacro %}
