{#- Every text that a key has, anywhere in a tree of maps and lists: `named_under(meta, 'in_segment')`. -#}
{% macro named_under(tree, key) -%}
    {%- set found = [] -%}
    {%- if tree is mapping -%}
        {%- for name, value in tree.items() -%}
            {%- if name == key and value is string -%}
                {%- do found.append(value) -%}
            {%- elif name == key and value is iterable and value is not mapping -%}
                {%- do found.extend(value) -%}
            {%- else -%}
                {%- do found.extend(named_under(value, key)) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- elif tree is iterable and tree is not string -%}
        {%- for value in tree -%}
            {%- do found.extend(named_under(value, key)) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}
