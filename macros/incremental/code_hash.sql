{#-
    A hash of this model's SQL and of what it sees through to: the views, incremental models and seeds above it. It stops
    at tables, which are built anew in every run, and whose rows are compared.
-#}
{% macro code_hash() -%}
    {%- set models = [model.unique_id] -%}
    {%- set checksums = [] -%}
    {%- for id in models -%}
        {%- do checksums.append(graph.nodes[id].checksum.checksum) -%}
        {%- for parent in graph.nodes[id].depends_on.nodes
            if parent not in models and graph.nodes.get(parent, {}).get('config', {}).get('materialized') in ('view', 'incremental', 'seed') -%}
            {%- do models.append(parent) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(local_md5(checksums | sort | join(','))) }}
{%- endmacro %}
