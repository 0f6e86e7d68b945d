with evidence as (

    select * from {{ ref('int_identity__evidence') }} where not is_blocked

),

guards as (

    select * from {{ ref('identity_guards') }}

),

joined as (

    select * from {{ ref('int_identity__accounts') }}

),

cannot_links as (

    select node_a, node_b from {{ ref('int_identity__overrides') }} where kind = 'cannot_link'

),

-- Of two accounts that merges tie together and an analyst holds apart, the second stands alone.
apart as (

    select distinct cannot_links.node_b as node_id
    from cannot_links
    inner join joined as a on cannot_links.node_a = a.node_id
    inner join joined as b on cannot_links.node_b = b.node_id
    where a.component_id = b.component_id

),

accounts as (

    select
        joined.node_id,
        min(joined.node_id) over (
            partition by joined.component_id, case when apart.node_id is not null then joined.node_id end
        ) as account_id,
        apart.node_id is not null as is_apart
    from joined
    left join apart on joined.node_id = apart.node_id

),

named as (

    select distinct evidence.source_name, evidence.record_id, accounts.account_id
    from evidence
    inner join accounts on evidence.node_id = accounts.node_id
    where evidence.identifier_type in ('{{ account_types() | join("', '") }}')

),

gathered as (

    select
        evidence.node_id,
        evidence.identifier_type,
        named.account_id,
        min(evidence.first_observed_at) as first_observed_at
    from evidence
    inner join named on evidence.source_name = named.source_name and evidence.record_id = named.record_id
    where evidence.identifier_type in (select identifier_type from guards where joins_people)
    group by evidence.node_id, evidence.identifier_type, named.account_id

),

{{ hoarded('gathered', 'account_id') }},

forbidden as (

    select cannot_links.node_b as node_id, accounts.account_id
    from cannot_links
    inner join accounts on cannot_links.node_a = accounts.node_id
    union
    select cannot_links.node_a, accounts.account_id
    from cannot_links
    inner join accounts on cannot_links.node_b = accounts.node_id

),

allowed as (

    select
        gathered.*,
        guards.max_people,
        case
            when forbidden.node_id is not null then 'cannot_link'
            when hoarded.node_id is not null then 'over_limit_per_person'
        end as violation
    from gathered
    inner join guards on gathered.identifier_type = guards.identifier_type
    left join forbidden on gathered.node_id = forbidden.node_id and gathered.account_id = forbidden.account_id
    left join hoarded on gathered.node_id = hoarded.node_id and gathered.account_id = hoarded.account_id

),

-- Accounts of systems that number them apart are no more people than those of one.
counted as (

    select node_id, max(account_count) as account_count, max(account_count) > max(max_people) as is_over_limit
    from (
        select node_id, max_people, count(*) as account_count
        from allowed
        where violation is null
        group by node_id, max_people, split_part(account_id, ':', 1)
    ) as per_system
    group by node_id

),

contested as (

    select allowed.node_id, allowed.account_id
    from allowed
    inner join counted on allowed.node_id = counted.node_id
    where
        allowed.violation is null
        and not coalesce(counted.is_over_limit, false)
    qualify count(*) over (partition by allowed.node_id) > 1

),

known as (

    select
        accounts.account_id,
        max_by(contacts.birth_on, cast(contacts.updated_at as string) || cast(contacts.birth_on as string)) as birth_on,
        max_by(
            {{ normalise_name('contacts.first_name') }}, cast(contacts.updated_at as string) || contacts.first_name
        ) as first_name
    from accounts
    inner join {{ ref('stg_crm__contacts') }} as contacts
        on accounts.node_id = {{ node_id('crm_id', 'contacts.contact_id') }}
    semi join contested on accounts.account_id = contested.account_id
    group by accounts.account_id

),

compared as (

    select
        contested.node_id,
        known.birth_on,
        known.first_name,
        lag(known.first_name) over (
            partition by contested.node_id order by known.first_name nulls last, known.account_id nulls last
        ) as name_before
    from contested
    inner join known on contested.account_id = known.account_id

),

conflicts as (

    select node_id
    from compared
    group by node_id
    having min(birth_on) <> max(birth_on) or bool_or({{ names_differ('first_name', 'name_before') }})

)

select
    allowed.node_id,
    allowed.identifier_type,
    allowed.account_id,
    coalesce(
        allowed.violation,
        case when counted.is_over_limit then 'over_limit' when conflicts.node_id is not null then 'conflict' end
    ) as violation
from allowed
left join counted on allowed.node_id = counted.node_id
left join conflicts on allowed.node_id = conflicts.node_id

union all

select node_id, 'account', account_id, case when is_apart then 'cannot_link' end
from accounts
