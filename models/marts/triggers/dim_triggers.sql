with triggers as (
    {% for trigger in var('triggers') -%}
    {% set model = 'trg_' ~ trigger -%}
    select
        cast('{{ trigger }}' as string) as trigger_name,
        {{ policy_value(model, 'owner', 'string') }} as owner,
        cast({{ "'" ~ (policy(model, 'experiment', none) or {}).name ~ "'" if policy(model, 'experiment', none) else 'null' }} as string)
            as experiment
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    triggers.*,
    coalesce(switches.is_on, true) as is_on
from triggers
left join {{ ref('int_switches__standing') }} as switches
    on triggers.trigger_name = switches.name and switches.kind = 'trigger'
