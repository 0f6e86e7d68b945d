{{ config(materialized='view') }}

with ticket_versions as (

    select * from {{ ref('stg_support__tickets') }}

),

chat_copies as (

    select * from {{ ref('stg_support__chats') }}

),

tickets as (

    select *
    from ticket_versions
    qualify row_number() over (
        partition by ticket_number
        order by
            updated_at desc nulls last,
            extract_date desc nulls last, source_file desc nulls last, source_line desc nulls last
    ) = 1

),

-- A copy with the end is of a later time than one without, whichever extract came first.
chats as (

    select *
    from chat_copies
    qualify row_number() over (
        partition by chat_id
        order by
            ended_at desc nulls last,
            extract_date desc nulls last, source_file desc nulls last, source_line desc nulls last
    ) = 1

),

-- Tickets and chats are numbered apart.
united as (

    select
        'ticket:' || ticket_number as ticket_id,
        email,
        case channel when 'voice' then 'phone' else channel end as channel,
        status,
        priority,
        created_at as opened_at,
        solved_at as ended_at
    from tickets

    union all

    select
        'chat:' || chat_id,
        email,
        'chat',
        case when is_missed then 'missed' end,
        null,
        started_at,
        ended_at
    from chats

),

parts as (

    select
        *,
        nullif(regexp_extract(email, '^(.*)@[^@]*$', 1), '') as local_part,
        nullif(regexp_extract(email, '^.*@([^@]*)$', 1), '') as domain
    from united

),

-- An empty cell is no separator, however the seed was loaded.
providers as (

    select domain, canonical_domain, ignores_dots, nullif(tag_separator, '') as tag_separator
    from {{ ref('email_providers') }}

)

-- Another spelling than any other source has is still its mailbox's.
select
    parts.ticket_id,
    'email:' || parts.email as node_id,
    'email:' || coalesce({{ canonical_email('parts.local_part', 'parts.domain', 'providers') }}, parts.email) as mailbox_node_id,
    parts.channel,
    parts.status,
    parts.priority,
    parts.opened_at,
    parts.ended_at
from parts
left join providers on parts.domain = providers.domain
