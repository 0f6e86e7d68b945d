with journeys as (
    {% for journey in var('journeys') -%}
    {% set model = 'jrn_' ~ journey -%}
    select
        cast('{{ journey }}' as string) as journey,
        {{ policy_value(model, 'owner', 'string') }} as owner,
        cast('{{ (policy(model, 'entry') or {}).trigger }}' as string) as trigger_name
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    journeys.*,
    coalesce(switches.is_on, true) as is_on
from journeys
left join {{ ref('int_switches__standing') }} as switches
    on journeys.journey = switches.name and switches.kind = 'journey'
