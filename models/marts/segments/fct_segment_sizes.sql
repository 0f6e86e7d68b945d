with movements as (
    select
        segment,
        count_if(is_member and cause <> 'stayed') as entry_count,
        count_if(not is_member) as exit_count
    from {{ ref('fct_segment_memberships') }}
    group by segment
)

select
    {{ as_of_date() }} as as_of_date,
    segments.segment,
    cast(segments.size as bigint) as size,
    cast(coalesce(movements.entry_count, 0) as bigint) as entry_count,
    cast(coalesce(movements.exit_count, 0) as bigint) as exit_count,
    segments.definition_hash
from {{ ref('dim_segments') }} as segments
left join movements on segments.segment = movements.segment
