{#-
    CTEs of which the last is named `hoarded`: the values (node_id) of a type that a person gathered faster than the seed
    identity_guards allows, out of a relation of node_id, identifier_type, first_observed_at and the person's id, and a CTE
    `guards`. Where one more than max_per_person were first seen within period_days (null: ever), all of that window
    are in it: there is no telling which of them are the person's.
-#}
{% macro hoarded(relation, person_id) -%}
ranked as (

    select
        gathered.node_id,
        gathered.{{ person_id }},
        gathered.identifier_type,
        gathered.first_observed_at,
        guards.max_per_person,
        guards.period_days,
        row_number() over (
            partition by gathered.{{ person_id }}, gathered.identifier_type
            order by gathered.first_observed_at nulls last, gathered.node_id nulls last
        ) as position,
        row_number() over (
            partition by gathered.{{ person_id }}, gathered.identifier_type
            order by gathered.first_observed_at nulls last, gathered.node_id nulls last
        ) - guards.max_per_person as earliest_position
    from {{ relation }} as gathered
    inner join guards on gathered.identifier_type = guards.identifier_type
    qualify count(*) over (partition by gathered.{{ person_id }}, gathered.identifier_type) > guards.max_per_person

),

-- Whether a value is one too many since the earliest that counts beside it.
excess as (

    select
        ranked.*,
        earliest.node_id is not null and (
            ranked.period_days is null
            or {{ seconds_between('earliest.first_observed_at', 'ranked.first_observed_at') }} <= ranked.period_days * 86400
        ) as is_excess
    from ranked
    left join ranked as earliest
        on ranked.{{ person_id }} = earliest.{{ person_id }}
        and ranked.identifier_type = earliest.identifier_type
        and ranked.earliest_position = earliest.position

),

hoarded as (

    select node_id, {{ person_id }}
    from (
        select
            *,
            min(case when is_excess then position end) over (
                partition by {{ person_id }}, identifier_type
                order by position nulls last
                rows between current row and unbounded following
            ) as next_excess
        from excess
    ) as followed
    where next_excess <= position + max_per_person

)
{%- endmacro %}
