{#-
    A text's fixed place in [0, 1), the same on every engine and day: the first 32 bits of its md5. Start the text with what is being
    drawn ('variant|winback|' ...), or two draws over the same customers are one draw.
-#}
{% macro hash_share(text) -%}
    {{ return(adapter.dispatch('hash_share')(text)) }}
{%- endmacro %}

{% macro duckdb__hash_share(text) -%}
    cast(cast('0x' || substr(md5({{ text }}), 1, 8) as bigint) as double) / cast(4294967296 as double)
{%- endmacro %}

{% macro spark__hash_share(text) -%}
    cast(conv(substr(md5({{ text }}), 1, 8), 16, 10) as double) / cast(4294967296 as double)
{%- endmacro %}
