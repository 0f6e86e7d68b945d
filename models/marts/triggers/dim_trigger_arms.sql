{#- A trigger without an experiment has one arm, and everyone is in it. -#}
with arms as (
    {% for trigger in var('triggers') -%}
    {% set last_trigger = loop.last -%}
    {% set model = 'trg_' ~ trigger -%}
    {% set base = {
        'delay_minutes': policy(model, 'delay_minutes'),
        'window_minutes': policy(model, 'window_minutes'),
        'threshold': policy(model, 'threshold', none),
    } -%}
    {% set experiment = policy(model, 'experiment', none) or {'name': trigger, 'arms': {'control': {'weight': 1}}} -%}
    {% for arm, changes in experiment.arms.items() -%}
    select
        cast('{{ trigger }}' as string) as trigger_name,
        cast('experiment|{{ experiment.name }}' as string) as experiment,
        cast('{{ arm }}' as string) as arm,
        {{ loop.index }} as position,
        cast({{ changes.weight }} as int) as weight,
        cast({{ changes.get('delay_minutes', base.delay_minutes) }} as int) as delay_minutes,
        cast({{ changes.get('window_minutes', base.window_minutes) }} as int) as window_minutes,
        cast({{ changes.get('threshold', base.threshold) if changes.get('threshold', base.threshold) is not none else 'null' }} as double)
            as threshold
    {{ 'union all' if not (loop.last and last_trigger) }}
    {% endfor -%}
    {% endfor %}
),

running as (
    select
        arms.*,
        sum(weight) over (partition by trigger_name order by position asc nulls last) as reached,
        sum(weight) over (partition by trigger_name) as total
    from arms
)

select
    trigger_name,
    experiment,
    arm,
    cast(reached - weight as double) / cast(total as double) as share_from,
    cast(reached as double) / cast(total as double) as share_to,
    delay_minutes,
    window_minutes,
    threshold
from running
