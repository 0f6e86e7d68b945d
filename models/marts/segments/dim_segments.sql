with segments as (
    {% for segment in var('segments') -%}
    {% set model = 'seg_' ~ segment -%}
    select
        cast('{{ segment }}' as string) as segment,
        {{ policy_value(model, 'owner', 'string') }} as owner,
        (select count(*) from {{ ref(model) }}) as size,
        {{ policy_value(model, 'minimum_size', 'int', 100) }} as minimum_size
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    segment,
    owner,
    size,
    minimum_size,
    size >= minimum_size as is_targetable
from segments
