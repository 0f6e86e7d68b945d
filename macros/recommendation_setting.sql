{#- A whole number from the seed recommendation_policy: `recommendation_setting('maximum_partners')`. -#}
{% macro recommendation_setting(name) -%}
    (select max(value) from {{ ref('recommendation_policy') }} where name = '{{ name }}')
{%- endmacro %}
