with members as (
    select distinct segment, customer_id
    from {{ ref('fct_segment_memberships') }}
    where is_member
),

segments as (
    select segment, size
    from {{ ref('dim_segments') }}
),

shared as (
    select a.segment as segment_a, b.segment as segment_b, count(*) as shared_count
    from members as a
    inner join members as b on a.customer_id = b.customer_id and a.segment <> b.segment
    group by a.segment, b.segment
),

pairs as (
    select
        a.segment as segment_a,
        b.segment as segment_b,
        a.size as size_a,
        b.size as size_b,
        coalesce(shared.shared_count, 0) as shared_count
    from segments as a
    inner join segments as b on a.segment <> b.segment
    left join shared on a.segment = shared.segment_a and b.segment = shared.segment_b
)

select
    segment_a,
    segment_b,
    cast(size_a as bigint) as size_a,
    cast(size_b as bigint) as size_b,
    cast(shared_count as bigint) as shared_count,
    cast(cast(shared_count as double) / nullif(size_a, 0) as decimal(9, 6)) as share_of_a,
    cast(cast(shared_count as double) / nullif(size_a + size_b - shared_count, 0) as decimal(9, 6)) as jaccard
from pairs
