with occasions as (
    {% for trigger in of_this_run('triggers') -%}
    select
        cast('{{ trigger }}' as string) as trigger_name,
        occasion_id,
        customer_id,
        subject_id,
        occurred_at,
        due_at,
        expires_at,
        fulfilled_at,
        experiment_arm,
        evidence
    from {{ ref('trg_' ~ trigger) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    {{ as_of_date() }} as as_of_date,
    occasions.*,
    {{ occasion_status() }} as status
from occasions
