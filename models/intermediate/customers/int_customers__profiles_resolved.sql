-- What counts for each attribute, side by side: its own row, else the one for all attributes.
with precedences as (

    select
        source_name
        {%- for attribute in customer_attributes() %},
        coalesce(
            max(precedence) filter (where attribute = '{{ attribute }}'), max(precedence) filter (where attribute = '*')
        ) as {{ attribute }}_precedence
        {%- endfor %}
    from {{ ref('attribute_precedence') }}
    group by source_name

),

-- One number to order by: precedence first, then position, which is far below the factor.
observations as (

    select
        observed.*
        {%- for attribute in customer_attributes() %},
        case
            when observed.{{ attribute }} is not null
                then coalesce(precedences.{{ attribute }}_precedence, 0) * cast(1000000000000 as bigint) + observed.position
        end as {{ attribute }}_rank
        {%- endfor %}
    from {{ ref('int_customers__profiles_observed') }} as observed
    left join precedences on observed.source_name = precedences.source_name

)

select
    customer_id,
    min(created_at) as crm_created_at
    {%- for attribute in customer_attributes() %},
    max_by({{ attribute }}, {{ attribute }}_rank) as {{ attribute }},
    max_by(observed_at, {{ attribute }}_rank) as {{ attribute }}_observed_at,
    max_by(source_name, {{ attribute }}_rank) as {{ attribute }}_source
    {%- endfor %}
from observations
group by customer_id
