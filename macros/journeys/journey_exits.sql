{#- When each exit rule took an enrolment out, and by which cause: one select per rule, over `known` and what the rule reads. -#}
{% macro journey_exits(rules) -%}
    select enrolment_id, fulfilled_at as exited_at, 'fulfilled' as exit_cause
    from known
    where fulfilled_at is not null
    union all
    select known.enrolment_id, recorded.ended_at, recorded.cause
    from known
    inner join recorded on known.enrolment_id = recorded.enrolment_id and recorded.status = 'exited'
    {%- for rule in rules %}
    union all
    {%- if rule == 'bought' %}
    select enrolment_id, exited_at, 'bought' from bought
    {%- elif rule == 'unsubscribed' %}
    select known.enrolment_id, refusals.refused_at, 'unsubscribed'
    from known
    inner join refusals on known.customer_id = refusals.customer_id and refusals.refused_at > known.entered_at
    {%- elif rule is mapping and rule.in_segment %}
    select known.enrolment_id, members.entered_at, 'in_segment {{ rule.in_segment }}'
    from known
    inner join members on known.customer_id = members.customer_id and members.entered_at > known.entered_at
    where members.segment = '{{ rule.in_segment }}'
    {%- else %}
    {{ exceptions.raise_compiler_error("An exit is bought, unsubscribed or in_segment, not " ~ rule ~ ".") }}
    {%- endif %}
    {%- endfor %}
{%- endmacro %}
