{#-
    What earlier days published of a history or ledger table. A day's own output is left out, so that running the
    day again gives the same result.
-#}
{% macro published_before(source_name, table_name) -%}
    (select * from {{ source(source_name, table_name) }} where as_of_date < {{ as_of_date() }})
{%- endmacro %}
