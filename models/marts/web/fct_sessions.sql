{{ config(
    materialized='incremental',
    incremental_strategy='recompute',
    unique_key='visitor_id',
    post_hook='{{ record_loads() }}',
    meta={'extracts': ['web.events']},
) }}

{%- set event_versions = ref('int_activity__web_event_versions') %}

{#- A late event can join two sessions into one, so all sessions of its visitor are made anew. #}
with
{% if is_incremental() -%}
affected as (
    {{ changed_keys('visitor_id', event_versions, 'event_id', 'web.events') }}
),
{%- endif %}

events as (
    select
        event_id,
        visitor_id,
        node_id,
        event_name,
        occurred_at,
        row_number() over visits as position,
        lag(occurred_at) over visits as previous_at
    from {{ ref('fct_web_events') }}
    {% if is_incremental() -%}
    semi join affected using (visitor_id)
    {% endif -%}
    window visits as (partition by visitor_id order by occurred_at nulls last, event_id nulls last)
),

numbered as (
    select
        *,
        count_if(previous_at is null or occurred_at > previous_at + interval 30 minutes) over (
            partition by visitor_id order by position nulls last
        ) as session_number
    from events
),

sessions as (
    select
        visitor_id,
        session_number,
        -- Whoever was logged in last; a session without a login is the device's.
        coalesce(
            max_by(node_id, position) filter (where node_id like {{ node_id('user_id', "'%'") }}),
            'anonymous_id:' || visitor_id
        ) as node_id,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        count(*) as event_count,
        count(*) filter (where event_name = 'Product Viewed') as product_view_count,
        coalesce(bool_or(event_name = 'Product Added'), false) as has_cart,
        coalesce(bool_or(event_name = 'Order Completed'), false) as has_order
    from numbered
    group by visitor_id, session_number
),

final as (
    select
        md5(sessions.visitor_id || '|' || cast(sessions.started_at as string)) as session_id,
        sessions.visitor_id,
        identities.customer_id,
        sessions.node_id,
        sessions.started_at,
        sessions.ended_at,
        cast(sessions.event_count as bigint) as event_count,
        cast(sessions.product_view_count as bigint) as product_view_count,
        sessions.has_cart,
        sessions.has_order
    from sessions
    left join {{ ref('dim_identities') }} as identities on sessions.node_id = identities.node_id
)

{{ recomputed('final', 'visitor_id') }}
