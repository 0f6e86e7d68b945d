{#- The extension at the end of a phone number, as in `ext. 12`, `x12`, `#12` or `;ext=12`, with the words that name it; null where none. -#}
{% macro phone_extension(phone) -%}
    nullif(regexp_extract(lower({{ phone }}), '[(,; ]*(ext|extn|extension|x|#)[.:= ]*[0-9]{1,7}[) ]*$', 0), '')
{%- endmacro %}
