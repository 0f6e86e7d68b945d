{#-
    Whether the run is a pulse (see docs/pulse.md): its var `pulse` says which campaigns and triggers take part. A pulse begins
    from what the last daily run built.
-#}
{% macro is_pulse() -%}
    {{ return(var('pulse', none) is not none) }}
{%- endmacro %}
