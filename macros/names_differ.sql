{#-
    Whether two given names, as normalise_name() gives them, plainly belong to two people: neither begins like the other (An for Anna, an initial),
    and they are not spelled alike either. Null where one is unknown. Alike is a Jaro-Winkler similarity of 0.85 or more
    (Winkler, String comparator metrics and enhanced decision rules, 1990).
-#}
{% macro names_differ(a, b) -%}
    (
        {{ a }} not like {{ b }} || '%'
        and {{ b }} not like {{ a }} || '%'
        and jaro_winkler_similarity({{ a }}, {{ b }}) < 0.85
    )
{%- endmacro %}
