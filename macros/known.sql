{#-
    The rows of a source table that the run may know of: those of its day's extract and of earlier ones. Every staging view
    over extracts selects from this, so that the same models replay a past day.
-#}
{% macro known(source_name, table_name) -%}
    (select * from {{ source(source_name, table_name) }} where extract_date <= {{ as_of_date() }})
{%- endmacro %}
