with segments as (
    {% for segment in var('segments') -%}
    {% set model = 'seg_' ~ segment -%}
    select
        cast('{{ segment }}' as string) as segment,
        {{ policy_value(model, 'owner', 'string') }} as owner,
        {{ policy_value(model, 'per', 'string', none) }} as per,
        (select count(distinct customer_id) from {{ ref(model) }}) as size,
        {{ policy_value(model, 'minimum_size', 'int', 100) }} as minimum_size,
        cast('{{ definition_hash(model) }}' as string) as definition_hash
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    segment,
    owner,
    per,
    size,
    minimum_size,
    size >= minimum_size as is_targetable,
    definition_hash
from segments
