{#- Who comes along any of `ways`, and when: enrolment_id, reached_at and the id of the message that was sent last. -#}
{% macro journey_arrivals(ways) -%}
    {%- for way in ways -%}
    {%- if way.from is none %}
        select enrolment_id, due_at as reached_at, cast(null as string) as message_id
        from entries
    {%- else %}
        select enrolment_id, left_at as reached_at, message_id
        from step_{{ way.from }}
        where left_at is not null {%- if way.arm %} and outcome = '{{ way.arm }}'{% endif %}
    {%- endif %}
    {{- '\n        union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
