{#- A JSON object as text: `json_text({'segment': "'lapsed'", 'recency_days': 'recency_days'})`, nulls kept. Cast timestamps to string first. -#}
{% macro json_text(fields) -%}
    {{ return(adapter.dispatch('json_text')(fields)) }}
{%- endmacro %}

{% macro duckdb__json_text(fields) -%}
    cast(json_object({% for name, value in fields.items() %}'{{ name }}', {{ value }}{{ ', ' if not loop.last }}{% endfor %}) as string)
{%- endmacro %}

{% macro spark__json_text(fields) -%}
    to_json(named_struct({% for name, value in fields.items() %}'{{ name }}', {{ value }}{{ ', ' if not loop.last }}{% endfor %}), map('ignoreNullFields', 'false'))
{%- endmacro %}
