with observed as (

    select * from {{ ref('int_customers__profiles_observed') }}

),

-- Of most customers all that is said is the same, letter for letter: nothing of theirs needs to be compared.
told_otherwise as (

    select customer_id
    from observed
    group by customer_id
    having
        {%- for attribute in customer_attributes() %}
        {{ 'or ' if not loop.first }}min({{ attribute }}) <> max({{ attribute }})
        {%- endfor %}

),

-- The last that each source says of each of a customer's identifiers: what it said before, it has taken back itself.
last_said as (

    select
        customer_id,
        node_id,
        source_name
        {%- for attribute in customer_attributes() %},
        max_by({{ attribute }}, case when {{ attribute }} is not null then position end) as {{ attribute }},
        max_by(observed_at, case when {{ attribute }} is not null then position end) as {{ attribute }}_observed_at
        {%- endfor %}
    from observed
    semi join told_otherwise using (customer_id)
    group by customer_id, node_id, source_name

),

emails as (

    select * from {{ ref('int_identity__emails') }}

),

compared as (

    select
        last_said.customer_id,
        last_said.source_name
        {%- for attribute in customer_attributes() %},
        last_said.{{ attribute }},
        last_said.{{ attribute }}_observed_at,
        chosen.{{ attribute }} as chosen_{{ attribute }},
        chosen.{{ attribute }}_source as chosen_{{ attribute }}_source,
        chosen.{{ attribute }}_observed_at as chosen_{{ attribute }}_observed_at,
        {%- if attribute == 'email' %}
        other_emails.email_key <> chosen_emails.email_key as email_differs
        {%- else %}
        -- Nearly all are equal letter for letter, and need no normalisation.
        case
            when last_said.{{ attribute }} = chosen.{{ attribute }} then false
            else {{ comparable(attribute, 'last_said.' ~ attribute) }} <> {{ comparable(attribute, 'chosen.' ~ attribute) }}
        end as {{ attribute }}_differs
        {%- endif %}
        {%- endfor %}
    from last_said
    inner join {{ ref('int_customers__profiles_resolved') }} as chosen on last_said.customer_id = chosen.customer_id
    left join emails as chosen_emails on chosen.email = chosen_emails.email
    left join emails as other_emails on last_said.email = other_emails.email

),

disagreements as (

    {% for attribute in customer_attributes() -%}
    select
        customer_id,
        '{{ attribute }}' as attribute,
        cast(chosen_{{ attribute }} as string) as chosen_value,
        chosen_{{ attribute }}_source as chosen_source_name,
        chosen_{{ attribute }}_observed_at as chosen_observed_at,
        cast({{ attribute }} as string) as other_value,
        source_name as other_source_name,
        {{ attribute }}_observed_at as other_observed_at
    from compared
    where {{ attribute }}_differs
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from disagreements
-- Several orders or contacts that say the same are one disagreement, dated by the last.
qualify row_number() over (
    partition by customer_id, attribute, other_value, other_source_name order by other_observed_at desc nulls last
) = 1
