{#- A table that lives while a materialization runs, named after the model and a part; returns its relation. -#}
{% macro create_scratch_table(part, sql) -%}
    {%- set relation = this.incorporate(path={'identifier': this.identifier ~ '__' ~ part}, type='table') -%}
    {%- do drop_scratch_table(relation) -%}
    {%- call statement('create_scratch_table') -%}{{ create_table_as(False, relation, sql) }}{%- endcall -%}
    {{ return(relation) }}
{%- endmacro %}
