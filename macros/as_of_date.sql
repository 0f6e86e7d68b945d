{#- The day the run stands for: the one that its clock lies in, or that ends at it. -#}
{% macro as_of_date() -%}
    cast({{ as_of() }} - interval 1 microsecond as date)
{%- endmacro %}
