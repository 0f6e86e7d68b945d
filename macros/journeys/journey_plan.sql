{#-
    The steps of a journey in the order they are read, nested ones included, as a flat list in `plan`: each with its position,
    its name, its kind (send, wait, branch or end) and the ways that lead to it. A way is the step it comes from, and the arm where
    that step is a branch; none as the step stands for the entry. Returns the ways on from the last of `steps`.
-#}
{% macro journey_plan(journey, steps, ways, plan) -%}
    {%- set open = namespace(ways=ways) -%}
    {%- for step in steps -%}
        {%- if not open.ways -%}
            {{ exceptions.raise_compiler_error("jrn_" ~ journey ~ ": no way leads to the step after " ~ plan[-1].name ~ ".") }}
        {%- endif -%}
        {%- set kind = 'end' if step == 'end' else (['send', 'wait', 'branch'] | select('in', step) | first) -%}
        {%- if not kind -%}
            {{ exceptions.raise_compiler_error("jrn_" ~ journey ~ ": a step is send, wait, branch or end, not " ~ step ~ ".") }}
        {%- endif -%}
        {%- set details = {} if kind == 'end' else step -%}
        {%- set name = details.get('name', {'send': details.get('send'), 'wait': ('wait ' ~ details.get('wait')) | replace(' ', '_')}.get(kind, kind)) -%}
        {%- set node = {
            'position': plan | length + 1,
            'name': name ~ '_' ~ (plan | length + 1) if kind == 'end' else name,
            'kind': kind,
            'ways': open.ways,
            'campaign': details.get('send'),
            'minutes': duration_minutes(step.wait, 'jrn_' ~ journey) if kind == 'wait',
            'window': duration_minutes(details.get('window', '3 days'), 'jrn_' ~ journey) if kind == 'send',
            'arms': [],
        } -%}
        {%- do plan.append(node) -%}
        {%- if kind == 'branch' -%}
            {%- set after = [] -%}
            {%- for arm in step.branch -%}
                {%- set asked = arm.get('if', 'otherwise') -%}
                {%- set label = asked if asked is string else 'in_segment ' ~ asked.in_segment -%}
                {%- do node.arms.append({'label': label, 'segment': none if asked is string else asked.in_segment}) -%}
                {%- do after.extend(journey_plan(journey, arm.get('then', arm.get('otherwise')), [{'from': node.position, 'arm': label}], plan)) -%}
            {%- endfor -%}
            {%- set open.ways = after -%}
        {%- else -%}
            {%- set open.ways = [] if kind == 'end' else [{'from': node.position, 'arm': none}] -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(open.ways) }}
{%- endmacro %}
