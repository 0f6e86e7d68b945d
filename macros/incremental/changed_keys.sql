{#-
    The values of a key that new loads of an extract bear on. A record may have had another value in an earlier version
    (an event moved to another visitor), whose rows change as well: so all versions of a new record are looked up.
-#}
{% macro changed_keys(key, versions, record_id, extract) -%}
    {%- if key == record_id -%}
    select {{ key }}
    from {{ versions }}
    where {{ is_new(extract) }}
    {%- else -%}
    select versions.{{ key }}
    from {{ versions }} as versions
    semi join (select {{ record_id }} from {{ versions }} where {{ is_new(extract) }}) as changed using ({{ record_id }})
    where versions.{{ key }} is not null
    {%- endif -%}
{%- endmacro %}
