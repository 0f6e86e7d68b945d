{#- The incremental models this one reads directly that are built from an extract as well. -#}
{% macro incremental_parents(extract) -%}
    {%- set parents = [] -%}
    {%- for id in model.depends_on.nodes if extract in graph.nodes.get(id, {}).get('config', {}).get('meta', {}).get('extracts', []) -%}
        {%- set parent = graph.nodes[id] -%}
        {%- do parents.append(api.Relation.create(database=parent.database, schema=parent.schema, identifier=parent.alias)) -%}
    {%- endfor -%}
    {{ return(parents) }}
{%- endmacro %}
