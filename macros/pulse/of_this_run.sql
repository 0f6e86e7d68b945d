{#- The names of `campaigns` or `triggers` that take part in the run: all that are listed, or those of a pulse. -#}
{% macro of_this_run(kind) -%}
    {{ return(var('pulse')[kind] if is_pulse() else var(kind)) }}
{%- endmacro %}
