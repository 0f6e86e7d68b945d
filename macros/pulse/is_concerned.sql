{#- A condition. In a pulse: that the customer is one whom it concerns (dim_pulse_people). In any other run, everybody is. -#}
{% macro is_concerned(customer_id) -%}
{%- if is_pulse() -%}
{{ customer_id }} in (select customer_id from {{ this.incorporate(path={'schema': 'marts', 'identifier': 'dim_pulse_people'}) }})
{%- else -%}
true
{%- endif -%}
{%- endmacro %}
