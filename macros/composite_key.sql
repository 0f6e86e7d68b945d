{#-
    Several text columns as one key. Each value is written after its length, so that no value, whatever a client
    sends, can pose as the border between two others.
-#}
{% macro composite_key(columns) -%}
    {%- for column in columns -%}
    coalesce(length({{ column }}) || ':' || {{ column }}, '-'){{ " || ',' || " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
