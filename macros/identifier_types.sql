{#- The kinds of identifier that evidence of identity comes in; a node is `<type>:<value>`. -#}
{% macro identifier_types() -%}
    {{ return(['crm_id', 'email', 'phone', 'anonymous_id', 'cart_token']) }}
{%- endmacro %}
