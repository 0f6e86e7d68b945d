with published as (

    select * from {{ ref('int_identity__published') }}

),

identities as (

    select * from {{ ref('int_identity__resolved') }}

),

evidence as (

    select * from {{ ref('int_identity__evidence') }} where not is_blocked

),

published_customers as (

    select distinct customer_id from published

),

customers as (

    select distinct customer_id from identities

),

-- Who has an identifier now, and who had it.
moves as (

    select identities.customer_id, published.customer_id as other_customer_id, count(*) as identifier_count
    from identities
    inner join published on identities.node_id = published.node_id
    where identities.customer_id <> published.customer_id
    group by identities.customer_id, published.customer_id

),

changes as (

    select
        case
            when published_customers.customer_id is null then 'split'
            when customers.customer_id is null then 'merged'
            else 'moved'
        end as event_type,
        moves.customer_id,
        moves.other_customer_id,
        moves.identifier_count
    from moves
    left join customers on moves.other_customer_id = customers.customer_id
    left join published_customers on moves.customer_id = published_customers.customer_id

    union all

    select 'created', identities.customer_id, cast(null as string), count(*)
    from identities
    anti join published_customers on identities.customer_id = published_customers.customer_id
    anti join moves on identities.customer_id = moves.customer_id
    group by identities.customer_id

),

-- The identifiers of everyone concerned, with whose each was before and is now.
concerned as (

    select identities.node_id, identities.customer_id, published.customer_id as former_customer_id
    from identities
    left join published on identities.node_id = published.node_id
    semi join changes on identities.customer_id = changes.customer_id

),

-- The records they are in.
traced as (

    select
        evidence.source_name,
        evidence.record_id,
        evidence.node_id,
        evidence.first_observed_at,
        concerned.customer_id,
        concerned.former_customer_id
    from evidence
    inner join concerned on evidence.node_id = concerned.node_id

),

record_owners as (

    select distinct source_name, record_id, former_customer_id
    from traced
    where former_customer_id is not null

),

-- An identifier whose records lead to both is what ties them.
bridges as (

    select
        traced.customer_id,
        record_owners.former_customer_id,
        traced.node_id,
        traced.first_observed_at as tied_at,
        traced.source_name,
        traced.record_id
    from traced
    inner join record_owners
        on traced.source_name = record_owners.source_name and traced.record_id = record_owners.record_id
    qualify row_number() over (
        partition by traced.customer_id, record_owners.former_customer_id, traced.node_id
        order by traced.first_observed_at desc nulls last, traced.source_name nulls last, traced.record_id nulls last
    ) = 1

),

must_links as (

    select overrides.override_id, a.customer_id, a.former_customer_id, b.former_customer_id as other_former_customer_id
    from {{ ref('int_identity__overrides') }} as overrides
    inner join traced as a on overrides.node_a = a.node_id
    inner join traced as b on overrides.node_b = b.node_id
    where overrides.kind = 'must_link'

),

guarded as (

    select published.customer_id as former_customer_id, violations.violation, violations.node_id
    from {{ ref('int_identity__violations') }} as violations
    inner join published on violations.node_id = published.node_id

),

reasons as (

    select
        changes.customer_id,
        changes.other_customer_id,
        1 as position,
        'override' as evidence_type,
        must_links.override_id as evidence_source,
        cast(null as string) as evidence_record_id,
        cast(null as string) as evidence_node_id,
        cast(null as timestamp) as tied_at
    from changes
    inner join must_links
        on must_links.customer_id = changes.customer_id
        and (
            (must_links.former_customer_id = changes.customer_id and must_links.other_former_customer_id = changes.other_customer_id)
            or (must_links.former_customer_id = changes.other_customer_id and must_links.other_former_customer_id = changes.customer_id)
        )

    union all

    select
        changes.customer_id,
        changes.other_customer_id,
        2,
        'identifier',
        case when here.tied_at > there.tied_at then here.source_name else there.source_name end,
        case when here.tied_at > there.tied_at then here.record_id else there.record_id end,
        here.node_id,
        greatest(here.tied_at, there.tied_at)
    from changes
    inner join bridges as here
        on changes.customer_id = here.customer_id and changes.customer_id = here.former_customer_id
    inner join bridges as there
        on here.node_id = there.node_id and changes.other_customer_id = there.former_customer_id
    where changes.event_type in ('merged', 'moved')

    union all

    select
        changes.customer_id, changes.other_customer_id, 3, 'guard', guarded.violation, null, guarded.node_id, null
    from changes
    inner join guarded on changes.other_customer_id = guarded.former_customer_id
    where changes.event_type in ('split', 'moved')

    union all

    select
        changes.customer_id, changes.other_customer_id, 4, 'record', traced.source_name, traced.record_id,
        traced.node_id, null
    from changes
    inner join traced on changes.customer_id = traced.customer_id
    where changes.event_type = 'created'

),

explained as (

    select *
    from reasons
    qualify row_number() over (
        partition by customer_id, other_customer_id
        order by
            position nulls last,
            tied_at desc nulls last,
            evidence_source nulls last,
            evidence_record_id nulls last,
            evidence_node_id nulls last
    ) = 1

)

select
    {{ as_of_date() }} as as_of_date,
    changes.event_type,
    changes.customer_id,
    changes.other_customer_id,
    changes.identifier_count,
    explained.evidence_type,
    explained.evidence_source,
    explained.evidence_record_id,
    explained.evidence_node_id
from changes
left join explained
    on changes.customer_id = explained.customer_id
    and coalesce(changes.other_customer_id, '') = coalesce(explained.other_customer_id, '')
