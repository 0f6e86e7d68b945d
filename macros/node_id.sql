{#-
    An identifier as a node of the identity graph: `<type>:<value>`. Types that share one id space (var
    identifier_namespaces) are one type of node, so that an account is the same node whichever system names it.
-#}
{% macro node_id(identifier_type, value) -%}
    '{{ var("identifier_namespaces", {}).get(identifier_type, identifier_type) }}:' || {{ value }}
{%- endmacro %}
