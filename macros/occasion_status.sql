{#-
    How an occasion stands at the clock, of a row with due_at, expires_at and fulfilled_at: `cancelled` where what it asks for was done
    before it was due.
-#}
{% macro occasion_status() -%}
    case
        when fulfilled_at < due_at then 'cancelled'
        when {{ as_of() }} < due_at then 'pending'
        when {{ as_of() }} >= expires_at then 'expired'
        else 'due'
    end
{%- endmacro %}
