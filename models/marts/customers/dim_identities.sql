select
    {{ as_of_date() }} as as_of_date,
    node_id,
    customer_id,
    customer_created_on
from {{ ref('int_identity__resolved') }}
{% if is_pulse() -%}
union all
select {{ as_of_date() }}, node_id, customer_id, customer_created_on
from {{ ref('int_identity__traced') }}
{%- else -%}
-- depends_on: {{ ref('int_identity__traced') }}
{%- endif %}
