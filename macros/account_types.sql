{#- The identifiers that a system gives out to one person each: accounts. They join by merges alone. -#}
{% macro account_types() -%}
    {{ return(['crm_id', 'merged_crm_id', 'user_id', 'order_customer_id']) }}
{%- endmacro %}
