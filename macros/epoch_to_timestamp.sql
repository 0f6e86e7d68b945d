{#- A count of seconds since 1970-01-01 00:00:00 UTC as a UTC timestamp without an offset. -#}
{% macro epoch_to_timestamp(seconds) -%}
    {{ return(adapter.dispatch('epoch_to_timestamp')(seconds)) }}
{%- endmacro %}

{% macro duckdb__epoch_to_timestamp(seconds) -%}
    make_timestamp(cast({{ seconds }} as bigint) * 1000000)
{%- endmacro %}

{% macro spark__epoch_to_timestamp(seconds) -%}
    timestamp_seconds(cast({{ seconds }} as bigint))
{%- endmacro %}
