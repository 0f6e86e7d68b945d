{#-
    A number that looks drawn at random, the same for the same bigint. It differs between engines: for what only has to
    be in some order, never for what is stored.
-#}
{% macro mixing_hash(number) -%}
    {{ return(adapter.dispatch('mixing_hash')(number)) }}
{%- endmacro %}

{% macro default__mixing_hash(number) -%}
    xxhash64({{ number }})
{%- endmacro %}

{% macro duckdb__mixing_hash(number) -%}
    hash({{ number }})
{%- endmacro %}
