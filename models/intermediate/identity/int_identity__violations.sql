with links as (

    select * from {{ ref('int_identity__links') }}

),

people as (

    select * from {{ ref('int_identity__people') }}

),

attachments as (

    select * from {{ ref('int_identity__attachments') }}

),

shared_traces as (

    select traces.component_id, attachments.person_id
    from {{ ref('int_identity__traces') }} as traces
    inner join attachments on traces.node_id = attachments.node_id
    where attachments.violation is null
    qualify
        min(attachments.person_id) over (partition by traces.component_id)
        <> max(attachments.person_id) over (partition by traces.component_id)

),

-- One row per identifier that a guard acted on, and whom or what it would have merged.
prevented as (

    select node_id, violation, identifier_type as guarded_type, account_id as other_id
    from links
    where violation in ('over_limit', 'conflict') or (violation = 'cannot_link' and identifier_type <> 'account')

    union

    -- Of a person who gathers too many, it is the person to look at.
    select account_id, violation, identifier_type, node_id from links where violation = 'over_limit_per_person'

    union

    select links.node_id, links.violation, 'crm_id', overrides.node_a
    from links
    inner join {{ ref('int_identity__overrides') }} as overrides on links.node_id = overrides.node_b
    where links.identifier_type = 'account' and links.violation = 'cannot_link' and overrides.kind = 'cannot_link'

    union

    select people.node_id, people.violation, 'crm_id', links.account_id
    from people
    inner join links on people.node_id = links.node_id
    where people.violation in ('cannot_link', 'over_limit_per_person') and links.violation is null

    union

    select node_id, violation, identifier_type, person_id
    from attachments
    where violation in ('over_limit', 'cannot_link')

    union

    select person_id, violation, identifier_type, node_id from attachments where violation = 'over_limit_per_person'

    union

    select component_id, 'over_limit', split_part(component_id, ':', 1), person_id from shared_traces

),

numbered as (

    select
        *,
        row_number() over (
            partition by node_id, violation, guarded_type order by other_id nulls last
        ) as position
    from prevented

),

summed as (

    select
        node_id,
        violation,
        guarded_type,
        count(*) as would_merge_count,
        {{ listagg_sorted("case when position <= 10 then other_id end") }} as would_merge_examples
    from numbered
    group by node_id, violation, guarded_type

    union all

    select distinct node_id, 'blocked', identifier_type, cast(null as bigint), cast(null as string)
    from {{ ref('int_identity__evidence') }}
    where is_blocked

)

select
    summed.node_id,
    split_part(summed.node_id, ':', 1) as identifier_type,
    substring(summed.node_id, length(split_part(summed.node_id, ':', 1)) + 2) as identifier_value,
    summed.violation,
    summed.guarded_type,
    case summed.violation
        when 'over_limit' then guards.max_people
        when 'over_limit_per_person' then guards.max_per_person
    end as guard_limit,
    summed.would_merge_count,
    summed.would_merge_examples
from summed
left join {{ ref('identity_guards') }} as guards on summed.guarded_type = guards.identifier_type
