{#- The day the run stands for: the one that ends at its clock. -#}
{% macro as_of_date() -%}
    cast({{ as_of() }} - interval 1 day as date)
{%- endmacro %}
