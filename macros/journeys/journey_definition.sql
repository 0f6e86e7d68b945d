{#- A journey as its YAML has it. A unit test of a journey gives it the same YAML by an alias: `graph` is empty there. -#}
{% macro journey_definition(name) -%}
    {%- set model = 'jrn_' ~ name -%}
    {{ return({
        'entry': policy(model, 'entry'),
        'reentry': policy(model, 'reentry', 'always'),
        'overlap': policy(model, 'overlap', false),
        'exits': policy(model, 'exits', []),
        'steps': policy(model, 'steps'),
    }) }}
{%- endmacro %}
