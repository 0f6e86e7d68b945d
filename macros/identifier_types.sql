{#- The kinds of identifier that evidence of identity comes in, as the sources name them. -#}
{% macro identifier_types() -%}
    {{ return(account_types() + ['email', 'phone', 'anonymous_id', 'cart_token']) }}
{%- endmacro %}
