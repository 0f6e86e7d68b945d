{#-
    Fails with the override_id of every row of identity_overrides that cannot be followed: dbt itself would only count
    them. The values, which are people's, stay out of the message.
-#}
{% test overrides_are_sound(model) %}

with overrides as (

    select
        *,
        split_part(trim(node_a), ':', 1) as type_a,
        split_part(trim(node_b), ':', 1) as type_b,
        least(trim(node_a), trim(node_b)) as first_node,
        greatest(trim(node_a), trim(node_b)) as second_node
    from {{ model }}

),

checked as (

    select
        override_id,
        case
            when coalesce(kind, '') not in ('must_link', 'cannot_link') then 'its kind is neither must_link nor cannot_link'
            when
                coalesce(type_a, '') not in ('{{ identifier_types() | join("', '") }}')
                or coalesce(type_b, '') not in ('{{ identifier_types() | join("', '") }}')
                then 'a node is not type:value of a known type ({{ identifier_types() | join(", ") }})'
            when first_node = second_node then 'it names one node twice'
            when count(distinct kind) over (partition by first_node, second_node) > 1
                then 'the pair is under must_link and under cannot_link'
        end as fault
    from overrides

),

faults as (

    select {{ listagg_sorted("'override_id ' || coalesce(override_id, 'null') || ': ' || fault") }} as message
    from checked
    where fault is not null

)

select message
from faults
where message is not null and {{ raise_error("'seeds/identity_overrides.csv: ' || message") }} is null

{% endtest %}
