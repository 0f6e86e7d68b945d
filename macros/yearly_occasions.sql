{#-
    A whole trigger model: the days on which a date attribute of dim_customers comes round, each year after its own. 29 February
    falls on 1 March in other years: both are the day after 28 February.
-#}
{% macro yearly_occasions(trigger_name, attribute) -%}
with years as (
    select cast(extract(year from {{ as_of() }}) as int) as year
    union all
    select cast(extract(year from {{ as_of() }}) as int) - 1 as year
),

days as (
    select
        customers.customer_id,
        customers.{{ attribute }} as first_on,
        years.year,
        date_add(
            make_date(
                years.year,
                cast(extract(month from customers.{{ attribute }}) as int),
                least(cast(extract(day from customers.{{ attribute }}) as int), 28)
            ),
            greatest(cast(extract(day from customers.{{ attribute }}) as int) - 28, 0)
        ) as falls_on
    from {{ ref('dim_customers') }} as customers
    cross join years
    where customers.{{ attribute }} is not null
),

found as (
    select
        '{{ trigger_name }}:' || customer_id || ':' || cast(year as string) as occasion_id,
        customer_id,
        cast(cast(falls_on as date) as string) as subject_id,
        cast(falls_on as timestamp) as occurred_at,
        cast(null as timestamp) as fulfilled_at,
        {{ json_text({'trigger': "'" ~ trigger_name ~ "'", 'falls_on': 'cast(cast(falls_on as date) as string)'}) }} as evidence
    from days
    where cast(falls_on as date) > first_on
)

{{ occasions(trigger_name, 'found', names_customer=true) }}
{%- endmacro %}
