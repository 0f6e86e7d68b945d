{#-
    The rows of a source table that the run may know of: those extracted before its clock. Every staging view over
    extracts selects from this, so that the same models replay a past day.
-#}
{% macro known(source_name, table_name) -%}
    (select * from {{ source(source_name, table_name) }} where extract_date < cast({{ as_of() }} as date))
{%- endmacro %}
