with members as (
    {% for segment in var('segments') -%}
    {% set model = 'seg_' ~ segment -%}
    select
        cast('{{ segment }}' as string) as segment,
        customer_id,
        {{ 'subject' if policy(model, 'per', none) else "cast('' as string)" }} as subject,
        evidence
    from {{ ref(model) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

previous as (
    select * from {{ ref('int_segments__recorded') }}
),

segments as (
    select * from {{ ref('dim_segments') }}
),

sizes as (
    select * from {{ ref('int_segments__sized') }}
    where days_back = 1
),

memberships as (
    select
        coalesce(members.segment, previous.segment) as segment,
        coalesce(members.customer_id, previous.customer_id) as customer_id,
        coalesce(members.subject, previous.subject) as subject,
        members.segment is not null as is_member,
        previous.segment is not null as was_member,
        previous.entered_at,
        members.evidence
    from members
    full outer join previous
        on members.segment = previous.segment
        and members.customer_id = previous.customer_id
        and members.subject = previous.subject
)

select
    {{ as_of_date() }} as as_of_date,
    memberships.segment,
    memberships.customer_id,
    memberships.subject,
    memberships.is_member,
    coalesce(memberships.entered_at, {{ as_of() }}) as entered_at,
    case when not memberships.is_member then {{ as_of() }} end as exited_at,
    -- Where no hash is on record, nobody knows of a change. A segment that is no longer listed has been redefined away.
    case
        when memberships.is_member and memberships.was_member then 'stayed'
        else case when memberships.is_member then 'entered' else 'left' end
            || case
                when segments.segment is null or segments.definition_hash <> sizes.definition_hash then '_by_redefinition'
                else ''
            end
    end as cause,
    segments.definition_hash,
    memberships.evidence
from memberships
left join segments on memberships.segment = segments.segment
left join sizes on memberships.segment = sizes.segment
