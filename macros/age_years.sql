{#- Whole years from a birthday to a date. Born on 29 February, one grows older on 1 March. -#}
{% macro age_years(birth_on, on_date) -%}
    {%- set born, day = [birth_on, on_date] -%}
    (
        extract(year from {{ day }}) - extract(year from {{ born }})
        - case
            when extract(month from {{ day }}) * 100 + extract(day from {{ day }})
                < extract(month from {{ born }}) * 100 + extract(day from {{ born }}) then 1
            else 0
        end
    )
{%- endmacro %}
