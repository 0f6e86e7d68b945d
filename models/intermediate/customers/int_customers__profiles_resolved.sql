with observations as (

    select
        *,
        row_number() over (
            partition by customer_id
            order by precedence nulls last, observed_at nulls last, source_position nulls last
        ) as position
    from {{ ref('int_customers__profiles_observed') }}

)

select
    customer_id,
    min(created_at) as crm_created_at
    {%- for attribute in customer_attributes() %},
    max_by({{ attribute }}, position) filter (where {{ attribute }} is not null) as {{ attribute }},
    max_by(observed_at, position) filter (where {{ attribute }} is not null) as {{ attribute }}_observed_at
    {%- endfor %}
from observations
group by customer_id
