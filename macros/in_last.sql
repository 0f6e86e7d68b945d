{#-
    Whether something happened in the time up to the clock: `in_last('occurred_at', '24 hour')`. Exactly 24 hours ago is in, and
    what happens at the clock's own second is not known yet.
-#}
{% macro in_last(happened_at, period) -%}
    ({{ happened_at }} >= {{ as_of() }} - interval {{ period }} and {{ happened_at }} < {{ as_of() }})
{%- endmacro %}
