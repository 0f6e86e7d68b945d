{% for trigger in var('triggers') -%}
{% set model = 'trg_' ~ trigger -%}
select
    cast('{{ trigger }}' as string) as trigger_name,
    {{ policy_value(model, 'delay_minutes', 'int') }} as delay_minutes,
    {{ policy_value(model, 'window_minutes', 'int') }} as window_minutes
{{ 'union all' if not loop.last }}
{% endfor %}
