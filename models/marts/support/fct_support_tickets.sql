with latest as (

    select * from {{ ref('int_support__tickets_latest') }}

),

identities as (

    select node_id, customer_id from {{ ref('dim_identities') }}

),

-- A chat that nobody ended does not go on for ever; a ticket does, until its status says otherwise.
dated as (

    select
        *,
        ticket_id like 'chat:%' as is_chat,
        case
            when ticket_id like 'ticket:%' then ended_at
            else coalesce(
                ended_at,
                {{ dbt.dateadd('hour', policy_value('fct_support_tickets', 'chat_ends_after_hours', 'int'), 'opened_at') }}
            )
        end as closes_at
    from latest
    where opened_at <= {{ as_of() }}

),

-- Of a status that nobody knows, that the matter is settled cannot be said.
judged as (

    select
        *,
        case
            when is_chat then closes_at > {{ as_of() }}
            else coalesce(status, 'unknown') not in ('solved', 'closed', 'deleted')
        end as is_open
    from dated

)

select
    judged.ticket_id,
    coalesce(stated.customer_id, mailboxes.customer_id) as customer_id,
    judged.channel,
    coalesce(judged.status, case when judged.is_open then 'open' else 'closed' end) as status,
    judged.is_open,
    judged.opened_at,
    case when not judged.is_open then judged.closes_at end as closed_at,
    judged.priority
from judged
left join identities as stated on judged.node_id = stated.node_id
left join identities as mailboxes on judged.mailbox_node_id = mailboxes.node_id
