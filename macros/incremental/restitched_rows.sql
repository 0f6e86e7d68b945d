{#-
    The rows of a table, but for those of affected keys, that are filed under another customer than their identifier
    (node_id) belongs to now: persons were merged or split since. With the customer of now, and else as they are. A pulse
    knows of no one that is gone, only of new identifiers.
-#}
{% macro restitched_rows(target, computed, key, columns) -%}
    select
        {% for column in columns -%}
        {{ 'identities' if column == 'customer_id' else 'stored' }}.{{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ target }} as stored
    anti join {{ computed }} as computed on stored.{{ key }} = computed.affected_key
    {{ 'inner' if is_pulse() else 'left' }} join {{ ref('dim_identities') }} as identities
        on stored.node_id = identities.node_id
    where stored.customer_id is distinct from identities.customer_id
{%- endmacro %}
