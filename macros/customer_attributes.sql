{#- What is kept about a customer with the time it was observed; the columns of dim_customers come from this list. -#}
{% macro customer_attributes() -%}
    {{ return([
        'email', 'first_name', 'last_name', 'phone', 'birth_on', 'gender', 'city', 'region', 'postal_code',
        'country_code', 'language', 'timezone', 'email_opted_out'
    ]) }}
{%- endmacro %}
