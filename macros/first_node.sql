{#-
    The node of the first of several identifiers that is known and stands for somebody: what a record is about. Takes
    {identifier type: column}, the most telling first.
-#}
{% macro first_node(identifiers) -%}
    coalesce(
        {%- for identifier_type, column in identifiers.items() %}
        case when not {{ is_blocked(identifier_type, column) }} then {{ node_id(identifier_type, column) }} end{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
