{#-
    The table beside an incremental model that lists the loads it was built from. One table a model, so that models
    built at the same time never write to the same one.
-#}
{% macro built_loads(relation) -%}
    {{ return(api.Relation.create(
        database=relation.database, schema='loads', identifier='built_' ~ relation.identifier, type='table'
    )) }}
{%- endmacro %}
