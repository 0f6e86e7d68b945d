{#-
    A from clause: every row of the relation once per part of a separated text column, the part as column `part`.
    A row whose column is null has no parts. Parts come untrimmed.
-#}
{% macro explode_from(relation, column, separator) -%}
    {{ return(adapter.dispatch('explode_from')(relation, column, separator)) }}
{%- endmacro %}

{% macro default__explode_from(relation, column, separator) -%}
    {{ relation }} lateral view explode(split({{ column }}, '[{{ separator }}]')) exploded as part
{%- endmacro %}

{% macro duckdb__explode_from(relation, column, separator) -%}
    {{ relation }} cross join unnest(string_split({{ column }}, '{{ separator }}')) as exploded (part)
{%- endmacro %}
