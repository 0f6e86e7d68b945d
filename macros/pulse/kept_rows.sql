{#-
    In a pulse: what the last daily run had of this model, for the people concerned (config.meta.pulse_keeps), besides what the
    model makes of the new extracts. In any other run, nothing.
-#}
{% macro kept_rows(columns) -%}
{%- if is_pulse() %}
union
select {{ columns | join(', ') }}
from {{ this.incorporate(path={'schema': 'kept'}) }}
{%- endif %}
{%- endmacro %}
