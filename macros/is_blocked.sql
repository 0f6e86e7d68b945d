{#- Whether a value of an identifier type stands for nobody (seed identity_blocked_values), whatever its case. -#}
{% macro is_blocked(identifier_type, value) -%}
    {%- set blocked = blocked_values(identifier_type) -%}
    (
        false
        {%- if blocked['is'] %}
        or lower({{ value }}) in (
            {%- for text in blocked['is'] %}'{{ escape_single_quotes(text) }}'{{ ', ' if not loop.last }}{% endfor -%}
        )
        {%- endif %}
        {%- for pattern in blocked['matches'] %}
        or regexp_extract(lower({{ value }}), '{{ escape_single_quotes(pattern) }}', 0) <> ''
        {%- endfor %}
    )
{%- endmacro %}
