with steps as (
    {% for journey in var('journeys') -%}
    select * from {{ ref('jrn_' ~ journey) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- The step that was reached last, and what each branch chose: once chosen, it stays.
progress as (
    select
        journey,
        enrolment_id,
        max_by(step, position) filter (
            where position = 0
            or (refusal is null and reached_at <= {{ as_of() }} and coalesce(reached_at < exited_at, true))
        ) as step,
        {{ listagg_sorted("case when kind = 'branch' then step || '=' || outcome end") }} as choices
    from steps
    group by journey, enrolment_id
),

entries as (
    select * from steps where position = 0
)

select
    {{ as_of_date() }} as as_of_date,
    entries.journey,
    entries.enrolment_id,
    entries.customer_id,
    entries.subject_id,
    entries.entered_at,
    entries.due_at,
    entries.expires_at,
    entries.fulfilled_at,
    case
        when entries.refusal is not null then 'refused'
        when entries.completed_at is not null then 'completed'
        when entries.exited_at is not null then 'exited'
        else 'running'
    end as status,
    progress.step,
    progress.choices,
    case when entries.refusal is null then coalesce(entries.completed_at, entries.exited_at) end as ended_at,
    coalesce(entries.refusal, entries.exit_cause) as cause,
    entries.evidence
from entries
inner join progress on entries.journey = progress.journey and entries.enrolment_id = progress.enrolment_id
