{#-
    The values of a key in this table whose rows are filed under another customer than their identifier (node_id)
    belongs to now: persons were merged or split since. A pulse knows of no one that is gone, only of new identifiers.
-#}
{% macro restitched_keys(key) -%}
    select stored.{{ key }}
    from {{ this }} as stored
    {{ 'inner' if is_pulse() else 'left' }} join {{ ref('dim_identities') }} as identities using (node_id)
    where stored.customer_id is distinct from identities.customer_id
{%- endmacro %}
