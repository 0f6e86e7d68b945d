{#- Where a row came from, as text in the order of arrival: what decides between rows that claim the same time. -#}
{% macro source_position() -%}
    concat_ws('|', cast(extract_date as string), source_file, lpad(cast(source_line as string), 12, '0'))
{%- endmacro %}
