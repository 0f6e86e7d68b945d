{{ config(tags=['pulse']) }}

{%- set carriers = [
    ('stg_web__events', {'user_id': 'user_id', 'email': 'email', 'phone': 'phone', 'anonymous_id': 'visitor_id', 'cart_token': 'cart_id'}),
    ('stg_shop__orders', {'order_customer_id': 'contact_id', 'email': 'email', 'phone': 'phone', 'cart_token': 'cart_id'}),
    ('stg_esp__events', {'email': 'email'}),
    ('stg_crm__consents', {'crm_id': 'contact_id', 'email': 'email'}),
] -%}

{% for relation, identifiers in carriers -%}
{%- set carrier_loop = loop -%}
{%- for identifier_type, column in identifiers.items() -%}
select {{ node_id(identifier_type, column) }} as node_id
from {{ ref(relation) }}
where extract_date >= {{ as_of_date() }} and {{ column }} is not null
{{ 'union' if not (loop.last and carrier_loop.last) }}
{% endfor -%}
{%- endfor %}
