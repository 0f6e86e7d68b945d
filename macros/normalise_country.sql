{#- The two-letter code of a country given by its code or by any of its names in country_codes, whatever the case and the accents; null where it is none. -#}
{% macro normalise_country(country) -%}
    (
        select max(names.country_code)
        from (
            select country_code, country_name from {{ ref('country_codes') }}
            union all
            select country_code, country_code from {{ ref('country_codes') }}
        ) as names
        where {{ normalise_name('names.country_name') }} = {{ normalise_name(country) }}
    )
{%- endmacro %}
