{#-
    A name as it is compared, never as it is shown: lower case, without accents; apostrophes and full stops are dropped (O'Neill and
    ONeill are one name), other punctuation is a space, several spaces are one. Null where nothing is left.
-#}
{% macro normalise_name(name) -%}
    {%- set letters = "translate(" ~ strip_accents(name) ~ ", '.`´ʼ‘’''', '')" -%}
    {%- set words = "translate(lower(" ~ letters ~ "), '-‐‑–—_,;:/|()&+*\"', '                 ')" -%}
    nullif(trim({{ regexp_replace_all(words, "[[:space:] ]+", " ") }}), '')
{%- endmacro %}
