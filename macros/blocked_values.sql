{#-
    What the seed identity_blocked_values says of an identifier type, or of the type whose ids it shares, as
    {'is': [value, ...], 'matches': [regex, ...]}. For SQL text: an engine compiles a regex that comes out of a column
    anew for every row.
-#}
{% macro blocked_values(identifier_type) -%}
    {%- set seed = ref('identity_blocked_values') -%}
    {%- set found = {'is': [], 'matches': []} -%}
    {#- In a unit test, where the seed is no table, nothing is blocked: override this macro there. -#}
    {%- if execute and not seed.is_cte and load_relation(seed) is not none -%}
        {%- set shared_type = var('identifier_namespaces', {}).get(identifier_type, identifier_type) -%}
        {#- A seed loader may read the word null as no value. -#}
        {%- set rows = run_query(
            "select distinct " ~ adapter.quote('match') ~ " as kind, coalesce(value, 'null') as value from " ~ seed
            ~ " where identifier_type in ('" ~ identifier_type ~ "', '" ~ shared_type ~ "')"
            ~ " order by value nulls last"
        ).rows -%}
        {%- for row in rows -%}{%- do found[row[0]].append(row[1]) -%}{%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}
