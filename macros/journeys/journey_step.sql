{#-
    The select of one step of a journey: who reached it and when, and what came of it. `left_at` and `outcome` are null while
    they are in it. A step whose time lies at or after the exit is not reached; what was sent was sent, whatever is known by now.
-#}
{% macro journey_step(journey, node, first_send) -%}
{%- set is_entry_send = node.position == 1 and node.kind == 'send' -%}
{%- set expires_at = 'entries.expires_at' if is_entry_send else dbt.dateadd('minute', node.window or 0, 'arrivals.reached_at') -%}
{%- set occasion_id = 'entries.enrolment_id' if node.name == first_send else "entries.enrolment_id || '/" ~ node.name ~ "'" -%}
{%- set in_time = "arrivals.reached_at <= " ~ as_of() ~ " and coalesce(arrivals.reached_at < entries.exited_at, true)" -%}
    select
        arrivals.enrolment_id,
        {%- if node.kind == 'send' %}
        {{ occasion_id }} as occasion_id,
        least(arrivals.reached_at, coalesce(sends.send_at, arrivals.reached_at)) as reached_at,
        {{ expires_at }} as expires_at,
        coalesce(sends.send_at, case when {{ expires_at }} <= {{ as_of() }} then {{ expires_at }} end) as left_at,
        case
            when sends.send_at is not null then 'sent'
            when {{ expires_at }} <= {{ as_of() }} then 'skipped'
        end as outcome,
        sends.message_id
        {%- else %}
        cast(null as string) as occasion_id,
        arrivals.reached_at,
        cast(null as timestamp) as expires_at,
        {%- if node.kind == 'wait' %}
        {%- set until = dbt.dateadd('minute', node.minutes, 'arrivals.reached_at') %}
        case when {{ until }} <= {{ as_of() }} then {{ until }} end as left_at,
        case when {{ until }} <= {{ as_of() }} then 'waited' end as outcome,
        {%- elif node.kind == 'branch' %}
        arrivals.reached_at as left_at,
        case
            {%- for arm in node.arms %}
            when contains(entries.choices, ', {{ node.name }}={{ arm.label }}, ') then '{{ arm.label }}'
            {%- endfor %}
            {%- for arm in node.arms if arm.label != 'otherwise' %}
            when
                {%- if arm.label == 'opened' %} opened.opened_at < arrivals.reached_at
                {%- elif arm.label == 'clicked' %} opened.clicked_at < arrivals.reached_at
                {%- elif arm.label == 'bought' %} bought.exited_at < arrivals.reached_at
                {%- else %} members_{{ loop.index }}.customer_id is not null
                {%- endif %} then '{{ arm.label }}'
            {%- endfor %}
            else 'otherwise'
        end as outcome,
        {%- else %}
        arrivals.reached_at as left_at,
        'ended' as outcome,
        {%- endif %}
        arrivals.message_id
        {%- endif %}
    from (
        {{- journey_arrivals(node.ways) }}
    ) as arrivals
    inner join entries on arrivals.enrolment_id = entries.enrolment_id
    {%- if node.kind == 'send' %}
    left join sends on sends.campaign = '{{ node.campaign }}' and sends.occasion_id = {{ occasion_id }}
    {%- if not is_entry_send %}
    where sends.send_at is not null or ({{ in_time }})
    {%- endif %}
    {%- else %}
    {%- if node.kind == 'branch' %}
    left join opened on arrivals.message_id = opened.message_id
    left join bought on arrivals.enrolment_id = bought.enrolment_id
    {%- for arm in node.arms if arm.label != 'otherwise' %}
    {%- if arm.segment %}
    left join (select distinct customer_id from members where segment = '{{ arm.segment }}') as members_{{ loop.index }}
        on entries.customer_id = members_{{ loop.index }}.customer_id
    {%- endif %}
    {%- endfor %}
    {%- endif %}
    where {{ in_time }}
    {%- endif %}
{%- endmacro %}
