{#-
    A journey model, from the steps in its YAML: one row per enrolment and step reached, the entry first. Where everyone stands is
    worked out anew in each run from what happened and what was sent. Only what an earlier run saw and nobody can see again is
    taken from what it published: who was let in, which arm a branch took, and that an exit was taken.
-#}
{% macro journey(name) -%}
{%- set occasions = ref('fct_trigger_occasions') -%}
{%- set recorded = ref('int_journeys__recorded') -%}
{%- set sends = ref('int_sends__recorded') -%}
{%- set email_events = ref('fct_email_events') -%}
{%- set orders = ref('fct_orders') -%}
{%- set refusals = ref('int_consent__refused') -%}
{%- set memberships = ref('fct_segment_memberships') -%}
{%- if not execute -%}
    {{ return('select 1') }}
{%- endif -%}
{%- set definition = journey_definition(name) -%}
{%- set reentry = definition.get('reentry', 'always') -%}
{%- set may_overlap = definition.get('overlap', false) -%}
{%- set is_gated = not may_overlap or reentry != 'always' -%}
{%- set plan = [] -%}
{%- set loose_ends = journey_plan(name, definition.steps, [{'from': none}], plan) -%}
{%- set first = (plan | rejectattr('kind', 'equalto', 'wait') | first) -%}
{%- set first_send = first.name if first.kind == 'send' -%}
{%- set forever = "cast('9999-12-31 00:00:00' as timestamp)" -%}

with recursive recorded as (
    select * from {{ recorded }} where journey = '{{ name }}'
),

sends as (
    select campaign, occasion_id, min(send_at) as send_at, min(message_id) as message_id
    from {{ sends }}
    group by campaign, occasion_id
),

-- Whoever clicks has opened, whether or not pictures were loaded.
opened as (
    select
        message_id,
        min(occurred_at) as opened_at,
        min(occurred_at) filter (where event_type = 'click') as clicked_at
    from {{ email_events }}
    where event_type in ('open', 'click') and message_id is not null
    group by message_id
),

refusals as (
    select customer_id, refused_at
    from {{ refusals }}
    where reason in ('unsubscribed', 'complained')
),

members as (
    select segment, customer_id, entered_at
    from {{ memberships }}
    where is_member
),

occasions as (
    select *
    from {{ occasions }}
    where trigger_name = '{{ definition.entry.trigger }}'
),

-- An enrolment may outlast its occasion, and one that is over may still keep its customer out, of an occasion heard of late too.
known as (
    select
        occasion_id as enrolment_id, customer_id, subject_id, occurred_at as entered_at, due_at, expires_at, fulfilled_at, evidence
    from occasions
    union all
    select enrolment_id, customer_id, subject_id, entered_at, due_at, expires_at, fulfilled_at, evidence
    from recorded
    anti join occasions on recorded.enrolment_id = occasions.occasion_id
    where
        status = 'running'
        {%- if reentry == 'never' %}
        or status in ('completed', 'exited')
        {%- elif reentry is mapping %}
        or (status in ('completed', 'exited') and entered_at > {{ as_of() }} - interval {{ reentry.after_days + 30 }} day)
        {%- endif %}
),

-- The order that an enrolment began with is no purchase since.
bought as (
    select known.enrolment_id, min(orders.ordered_at) as exited_at
    from known
    inner join {{ orders }} as orders
        on known.customer_id = orders.customer_id
        and orders.ordered_at > known.entered_at
        and orders.order_id <> known.subject_id
    where orders.order_kind = 'sale'
    group by known.enrolment_id
),

exits as (
    {{ journey_exits(definition.get('exits', [])) }}
),

first_exits as (
    select enrolment_id, exited_at, exit_cause
    from exits
    where exited_at < {{ as_of() }}
    qualify row_number() over (partition by enrolment_id order by exited_at asc nulls last, exit_cause asc nulls last) = 1
),

-- What is heard of late takes nobody out before the last run: the steps until then were taken by what it knew.
entries as (
    select
        known.*,
        case
            when recorded.status = 'completed' then null
            when recorded.status = 'running' and first_exits.exited_at < recorded.published_at then recorded.published_at
            else first_exits.exited_at
        end as exited_at,
        first_exits.exit_cause,
        recorded.status as recorded_status,
        recorded.cause as recorded_cause,
        ', ' || coalesce(recorded.choices, '') || ', ' as choices
    from known
    left join first_exits on known.enrolment_id = first_exits.enrolment_id
    left join recorded on known.enrolment_id = recorded.enrolment_id
),

{% for node in plan -%}
step_{{ node.position }} as (
{{ journey_step(name, node, first_send) }}
),

{% endfor -%}
finishes as (
    select enrolment_id, min(reached_at) as completed_at
    from (
        {{- journey_arrivals(loose_ends) if loose_ends }}
        {%- for node in plan if node.kind == 'end' %}
        {{ 'union all' if loose_ends or not loop.first }}
        select enrolment_id, left_at as reached_at, message_id from step_{{ node.position }}
        {%- endfor %}
    ) as arrivals
    where reached_at <= {{ as_of() }}
    group by enrolment_id
),

-- Who has been let in before stays in. A new occasion that was over when it was first known of starts nothing.
candidates as (
    select
        entries.*,
        case when coalesce(finishes.completed_at < entries.exited_at, true) then finishes.completed_at end as completed_at,
        coalesce(entries.recorded_status in ('running', 'completed', 'exited'), false) as is_in,
        coalesce(entries.recorded_status = 'refused' and entries.recorded_cause = 'reentry', false) as is_out,
        entries.expires_at <= {{ as_of() }} and entry_sends.occasion_id is null as is_too_late
    from entries
    left join finishes on entries.enrolment_id = finishes.enrolment_id
    left join (
        select distinct occasion_id from sends where campaign = '{{ first.campaign }}'
    ) as entry_sends on entries.enrolment_id = entry_sends.occasion_id
),

{% if is_gated -%}
blocking as (
    select
        candidates.*,
        {%- if reentry == 'never' %}
        {{ forever }} as free_at
        {%- else %}
        greatest(
            entered_at {%- if reentry is mapping %} + interval {{ reentry.after_days }} day{% endif %},
            {{ 'entered_at' if may_overlap else 'coalesce(completed_at, exited_at, ' ~ forever ~ ')' }}
        ) as free_at
        {%- endif %}
    from candidates
),

standing as (
    select customer_id, max(free_at) as free_at
    from blocking
    where is_in
    group by customer_id
),

queue as (
    select
        blocking.*,
        row_number() over (
            partition by customer_id order by entered_at asc nulls last, enrolment_id asc nulls last
        ) as place
    from blocking
    where not is_in and not is_out and not is_too_late
),

-- One after the other: each that is let in keeps those out that come too soon after it.
admissions as (
    select
        queue.enrolment_id,
        queue.customer_id,
        queue.place,
        coalesce(queue.entered_at >= standing.free_at, true) as is_admitted,
        case when coalesce(queue.entered_at >= standing.free_at, true) then queue.free_at else standing.free_at end as free_at
    from queue
    left join standing on queue.customer_id = standing.customer_id
    where queue.place = 1
    union all
    select
        queue.enrolment_id,
        queue.customer_id,
        queue.place,
        queue.entered_at >= admissions.free_at,
        case when queue.entered_at >= admissions.free_at then queue.free_at else admissions.free_at end
    from admissions
    inner join queue on admissions.customer_id = queue.customer_id and queue.place = admissions.place + 1
),
{%- endif %}

enrolments as (
    select
        candidates.*,
        case
            when candidates.is_in then null
            {%- if is_gated %}
            when candidates.is_out then 'reentry'
            {%- endif %}
            when candidates.is_too_late then 'expired'
            {%- if is_gated %}
            when not admissions.is_admitted then 'reentry'
            {%- endif %}
        end as refusal
    from candidates
    {%- if is_gated %}
    left join admissions on candidates.enrolment_id = admissions.enrolment_id
    {%- endif %}
),

steps as (
    select
        enrolment_id,
        'entry' as step,
        0 as position,
        'entry' as kind,
        cast(null as string) as campaign,
        enrolment_id as occasion_id,
        entered_at as reached_at,
        expires_at,
        case when due_at <= {{ as_of() }} then due_at end as left_at,
        case when due_at <= {{ as_of() }} then 'entered' end as outcome,
        cast(null as string) as message_id
    from entries
    {%- for node in plan %}
    union all
    select
        enrolment_id,
        '{{ node.name }}',
        {{ node.position }},
        '{{ node.kind }}',
        {{ "'" ~ node.campaign ~ "'" if node.campaign else 'null' }},
        occasion_id,
        reached_at,
        expires_at,
        left_at,
        outcome,
        message_id
    from step_{{ node.position }}
    {%- endfor %}
)

select
    cast('{{ name }}' as string) as journey,
    steps.enrolment_id,
    enrolments.customer_id,
    enrolments.subject_id,
    steps.step,
    steps.position,
    steps.kind,
    steps.campaign,
    steps.occasion_id,
    steps.reached_at,
    steps.expires_at,
    case
        when enrolments.refusal is not null then null
        when steps.outcome = 'sent' then steps.left_at
        when coalesce(enrolments.exited_at <= steps.left_at, enrolments.exited_at is not null) then enrolments.exited_at
        else steps.left_at
    end as left_at,
    case
        when enrolments.refusal is not null then 'refused'
        when steps.outcome = 'sent' then steps.outcome
        when coalesce(enrolments.exited_at <= steps.left_at, enrolments.exited_at is not null) then
            case when steps.kind = 'send' then 'cancelled' else 'exited' end
        when steps.reached_at > {{ as_of() }} then 'pending'
        else steps.outcome
    end as outcome,
    case when steps.outcome = 'sent' then steps.message_id end as message_id,
    enrolments.entered_at,
    enrolments.due_at,
    enrolments.fulfilled_at,
    case when enrolments.completed_at is null then enrolments.exited_at end as exited_at,
    case when enrolments.completed_at is null then enrolments.exit_cause end as exit_cause,
    enrolments.completed_at,
    enrolments.refusal,
    enrolments.evidence
from steps
inner join enrolments on steps.enrolment_id = enrolments.enrolment_id
where
    steps.position = 0
    or enrolments.refusal is null
    or (enrolments.refusal = 'expired' and steps.occasion_id = steps.enrolment_id and steps.position = 1)
{%- endmacro %}
