{#- An e-mail as it is compared and joined: lower case, no spaces around it, null where empty. -#}
{% macro normalise_email(email) -%}
    nullif(lower(trim({{ email }})), '')
{%- endmacro %}
