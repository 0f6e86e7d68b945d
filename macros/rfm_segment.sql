{#- The whole of a segment of customers in one RFM group of the quintile scheme; the segment has the group's name. -#}
{% macro rfm_segment(rfm_group) -%}
select
    customer_id,
    {{ json_text({
        'segment': "'" ~ rfm_group ~ "'",
        'rfm_group': 'rfm_group',
        'recency_days': 'recency_days',
        'frequency': 'frequency',
    }) }} as evidence
from {{ ref('fct_rfm_scores') }}
where scheme = 'quintile' and rfm_group = '{{ rfm_group }}'
{%- endmacro %}
