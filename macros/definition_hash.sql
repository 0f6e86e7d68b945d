{#-
    A hash of what says who is in a segment: the model's own SQL, the settings of its `config.meta` but for those that say who
    answers for it and how large it must be, and the scores and seeds above it, where who scores what is decided. Facts from
    the sources are no part of it, nor are macros.
-#}
{% macro definition_hash(model_name) -%}
    {%- if not execute -%}
        {{ return('') }}
    {%- endif -%}
    {%- set ids = ['model.' ~ project_name ~ '.' ~ model_name] -%}
    {%- set parts = [] -%}
    {%- for id in ids -%}
        {%- do parts.append(graph.nodes[id].checksum.checksum) -%}
        {%- for parent in graph.nodes[id].depends_on.nodes if parent not in ids -%}
            {%- set node = graph.nodes.get(parent, {}) -%}
            {%- if node.resource_type == 'seed' or 'scores' in node.get('fqn', []) -%}
                {%- do ids.append(parent) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for key, value in graph.nodes[ids[0]].config.meta.items() if key not in ['owner', 'minimum_size'] -%}
        {%- do parts.append(key ~ '=' ~ value) -%}
    {%- endfor -%}
    {{ return(local_md5(parts | sort | join(','))) }}
{%- endmacro %}
