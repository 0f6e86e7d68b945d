{#- In a pulse: the condition that the customer is one whom it concerns (dim_pulse_people). In any other run, nothing. -#}
{% macro only_concerned(customer_id) -%}
{%- if is_pulse() -%}
where {{ customer_id }} in (select customer_id from {{ this.incorporate(path={'schema': 'marts', 'identifier': 'dim_pulse_people'}) }})
{%- endif %}
{%- endmacro %}
