with days as (
    select segment, size, entry_count, exit_count, 0 as days_back
    from {{ ref('fct_segment_sizes') }}
    union all
    select segment, size, entry_count, exit_count, days_back
    from {{ ref('int_segments__sized') }}
),

usual as (
    select
        segment,
        cast(median(size) filter (where days_back between 1 and 28) as decimal(18, 1)) as usual_size,
        count(*) as day_count,
        sum(entry_count + exit_count) as movement_count
    from days
    group by segment
),

uses as (
    select segment, count(*) as use_count
    from {{ ref('dim_segment_uses') }}
    group by segment
),

measured as (
    select
        segments.segment,
        segments.owner,
        cast(segments.size as bigint) as size,
        segments.minimum_size,
        usual.usual_size,
        cast(cast(segments.size as double) / nullif(cast(usual.usual_size as double), 0) as decimal(18, 3)) as drift,
        {{ policy_value('fct_segment_health', 'drift_factor', 'double') }} as drift_factor,
        cast(coalesce(uses.use_count, 0) as int) as use_count,
        not segments.is_targetable as is_too_small,
        usual.day_count >= 30 and usual.movement_count = 0 as is_stale
    from {{ ref('dim_segments') }} as segments
    inner join usual on segments.segment = usual.segment
    left join uses on segments.segment = uses.segment
),

judged as (
    select
        *,
        coalesce(
            greatest(size, usual_size) > 0
            and cast(greatest(size, usual_size) as double) > drift_factor * cast(least(size, usual_size) as double),
            false
        ) as is_drifting,
        use_count = 0 as is_unused
    from measured
)

select
    {{ as_of_date() }} as as_of_date,
    segment,
    owner,
    size,
    minimum_size,
    usual_size,
    drift,
    is_drifting,
    is_too_small,
    is_stale,
    use_count,
    is_unused,
    coalesce(
        nullif(
            concat_ws(
                '; ',
                case when is_drifting then 'drifting: ' || cast(size as string) || ' against usually ' || cast(usual_size as string) end,
                case
                    when is_too_small
                        then 'too small: ' || cast(size as string) || ' of at least ' || cast(minimum_size as string)
                end,
                case when is_stale then 'stale: nobody came or went on 30 days published' end,
                case when is_unused then 'unused: no campaign and no journey names it' end
            ),
            ''
        ),
        'healthy'
    ) as status
from judged
