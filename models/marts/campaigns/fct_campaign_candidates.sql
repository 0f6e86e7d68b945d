{% for campaign in of_this_run('campaigns') -%}
select
    cast('{{ campaign }}' as string) as campaign,
    customer_id,
    occasion_id,
    segment,
    evidence,
    has_content,
    expected_value_amount
from {{ ref('cmp_' ~ campaign) }}
{{ 'union all' if not loop.last }}
{% endfor %}
