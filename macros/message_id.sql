{#- The id of the one message a campaign may send to a customer on an occasion. -#}
{% macro message_id(campaign, customer_id, occasion_id) -%}
    md5({{ campaign }} || '|' || {{ customer_id }} || '|' || {{ occasion_id }})
{%- endmacro %}
