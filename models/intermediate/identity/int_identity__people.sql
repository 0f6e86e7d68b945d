with joined as (

    select * from {{ ref('int_identity__people_joined') }}

),

links as (

    select * from {{ ref('int_identity__links') }}

),

held_back as (

    select distinct node_id, violation
    from links
    where violation in ('over_limit', 'conflict')

),

held_apart as (

    select distinct a.component_id
    from {{ ref('int_identity__overrides') }} as overrides
    inner join joined as a on overrides.node_a = a.node_id
    inner join joined as b on overrides.node_b = b.node_id
    where overrides.kind = 'cannot_link' and a.component_id = b.component_id

),

crowded as (

    select joined.component_id
    from (select distinct account_id from links where identifier_type = 'account') as accounts
    inner join joined on accounts.account_id = joined.node_id
    inner join {{ ref('identity_guards') }} as guards on guards.identifier_type = 'crm_id'
    where accounts.account_id like {{ node_id('crm_id', "'%'") }}
    group by joined.component_id, guards.max_per_person
    having count(*) > guards.max_per_person

),

-- People that ought not to be one: what several of their accounts share connects nobody.
undone as (

    select component_id, 'cannot_link' as violation from held_apart
    union all
    select crowded.component_id, 'over_limit_per_person'
    from crowded
    anti join held_apart on crowded.component_id = held_apart.component_id

),

ties as (

    select node_id, min(account_id) as account_id, count(distinct account_id) as account_count
    from links
    where violation is null or identifier_type = 'account'
    group by node_id

)

select
    joined.node_id,
    case
        when undone.component_id is null then joined.component_id
        when ties.account_count = 1 then ties.account_id
        else joined.node_id
    end as person_id,
    coalesce(held_back.violation, case when ties.account_count > 1 then undone.violation end) as violation
from joined
left join undone on joined.component_id = undone.component_id
left join ties on joined.node_id = ties.node_id
left join held_back on joined.node_id = held_back.node_id
