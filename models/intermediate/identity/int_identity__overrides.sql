{{ config(materialized='view') }}

with sides as (

    {% for side in ['a', 'b'] -%}
    select
        override_id,
        kind,
        '{{ side }}' as side,
        split_part(trim(node_{{ side }}), ':', 1) as identifier_type,
        trim(substring(trim(node_{{ side }}), length(split_part(trim(node_{{ side }}), ':', 1)) + 2)) as identifier_value
    from {{ ref('identity_overrides') }}
    {{ 'union all' if not loop.last }}
    {% endfor -%}

),

canonical as (

    select
        sides.override_id,
        sides.kind,
        sides.side,
        sides.identifier_type,
        coalesce(spellings.identifier_value, sides.identifier_value) as identifier_value
    from sides
    left join {{ ref('int_identity__spellings') }} as spellings
        on sides.identifier_type = spellings.identifier_type
        and lower(sides.identifier_value) = spellings.stated_value

),

nodes as (

    select
        *,
        case identifier_type
            {%- for identifier_type in identifier_types() %}
            when '{{ identifier_type }}' then {{ node_id(identifier_type, 'identifier_value') }}
            {%- endfor %}
        end as node_id
    from canonical

)

select
    override_id,
    kind,
    max(node_id) filter (where side = 'a') as node_a,
    max(node_id) filter (where side = 'b') as node_b
from nodes
group by override_id, kind
having count(node_id) = 2
