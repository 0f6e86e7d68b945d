{#-
    The run's one clock, as a UTC timestamp without an offset: everything before it is known, nothing after it is.
    Set by `--vars '{as_of: "2026-03-02 00:00:00"}'`; the daily job sets it to the end of its partition.
-#}
{% macro as_of() -%}
    {%- if execute and not var('as_of', none) -%}
        {{ exceptions.raise_compiler_error("No clock: pass --vars '{as_of: \"2026-03-02 00:00:00\"}' (the daily job does this).") }}
    {%- endif -%}
    cast('{{ var("as_of", "1970-01-01 00:00:00") }}' as timestamp)
{%- endmacro %}
