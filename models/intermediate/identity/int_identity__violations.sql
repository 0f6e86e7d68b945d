with evidence as (

    select * from {{ ref('int_identity__evidence') }}

),

blocked_values as (

    -- A seed loader may read the word null as no value.
    select identifier_type, coalesce(value, 'null') as blocked_value from {{ ref('identity_blocked_values') }}

),

guards as (

    select * from {{ ref('identity_guards') }}

),

blocked as (

    select distinct evidence.node_id, evidence.identifier_type, evidence.identifier_value
    from evidence
    inner join blocked_values
        on evidence.identifier_type = blocked_values.identifier_type
        and lower(evidence.identifier_value) = blocked_values.blocked_value

),

contact_ids as (

    select source_name, record_id, identifier_value as contact_id, last_observed_at
    from evidence
    where identifier_type = 'crm_id' and node_id not in (select node_id from blocked)

),

-- A contact merged into another is that other person, and not one more.
survivors as (

    select contact_id as merged_contact_id, record_id as contact_id
    from contact_ids
    where source_name = 'crm.contacts' and contact_id <> record_id
    qualify row_number() over (
        partition by contact_id order by last_observed_at desc nulls last, record_id nulls last
    ) = 1

),

people as (

    select distinct
        contact_ids.source_name,
        contact_ids.record_id,
        coalesce(survivors.contact_id, contact_ids.contact_id) as person
    from contact_ids
    left join survivors on contact_ids.contact_id = survivors.merged_contact_id

),

connected as (

    select distinct
        evidence.node_id,
        evidence.identifier_type,
        evidence.identifier_value,
        guards.max_people,
        people.person
    from evidence
    inner join guards on evidence.identifier_type = guards.identifier_type
    inner join people on evidence.source_name = people.source_name and evidence.record_id = people.record_id

),

over_limit as (

    select
        node_id,
        identifier_type,
        identifier_value,
        max_people,
        count(*) as people_count
    from connected
    group by node_id, identifier_type, identifier_value, max_people
    having count(*) > max_people

),

named as (

    select
        connected.node_id,
        connected.person,
        row_number() over (partition by connected.node_id order by connected.person nulls last) as position
    from connected
    semi join over_limit on connected.node_id = over_limit.node_id

),

examples as (

    select node_id, {{ listagg_sorted('person') }} as example_contact_ids
    from named
    where position <= 10
    group by node_id

),

violations as (

    select
        node_id,
        identifier_type,
        identifier_value,
        'blocked' as violation,
        cast(null as int) as max_people,
        cast(null as bigint) as people_count,
        cast(null as string) as example_contact_ids
    from blocked

    union all

    select
        over_limit.node_id,
        over_limit.identifier_type,
        over_limit.identifier_value,
        'over_limit' as violation,
        over_limit.max_people,
        over_limit.people_count,
        examples.example_contact_ids
    from over_limit
    inner join examples on over_limit.node_id = examples.node_id
    anti join blocked on over_limit.node_id = blocked.node_id

)

select * from violations
