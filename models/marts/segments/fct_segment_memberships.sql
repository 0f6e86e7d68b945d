with members as (
    {% for segment in var('segments') -%}
    select cast('{{ segment }}' as string) as segment, customer_id, evidence
    from {{ ref('seg_' ~ segment) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

previous as (
    select * from {{ ref('int_segments__recorded') }}
)

select
    {{ as_of_date() }} as as_of_date,
    coalesce(members.segment, previous.segment) as segment,
    coalesce(members.customer_id, previous.customer_id) as customer_id,
    members.customer_id is not null as is_member,
    coalesce(previous.entered_at, {{ as_of() }}) as entered_at,
    case when members.customer_id is null then {{ as_of() }} end as exited_at,
    case
        when previous.customer_id is null then 'entered'
        when members.customer_id is null then 'left'
        else 'stayed'
    end as cause,
    members.evidence
from members
full outer join previous
    on members.segment = previous.segment and members.customer_id = previous.customer_id
