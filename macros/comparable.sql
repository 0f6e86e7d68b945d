{#- An attribute of a customer as it is compared: two values that differ in this differ indeed. Of an e-mail compare its email_key. -#}
{% macro comparable(attribute, value) -%}
    {%- if attribute in ['first_name', 'last_name', 'city', 'region'] -%}
    {{ normalise_name(value) }}
    {%- elif attribute == 'postal_code' -%}
    upper(replace({{ value }}, ' ', ''))
    {%- else -%}
    {{ value }}
    {%- endif -%}
{%- endmacro %}
