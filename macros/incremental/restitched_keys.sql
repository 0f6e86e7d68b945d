{#-
    The values of a key in this table whose rows are filed under another customer than their identifier (node_id)
    belongs to now: persons were merged or split since.
-#}
{% macro restitched_keys(key) -%}
    select stored.{{ key }}
    from {{ this }} as stored
    left join {{ ref('dim_identities') }} as identities using (node_id)
    where stored.customer_id is distinct from identities.customer_id
{%- endmacro %}
