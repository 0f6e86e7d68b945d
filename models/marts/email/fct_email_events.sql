{{ config(
    materialized='incremental',
    incremental_strategy='recompute',
    unique_key='email_event_id',
    post_hook='{{ record_loads() }}',
    meta={'extracts': ['esp.events'], 'happened_at': 'occurred_at'},
) }}

{%- set event_versions = ref('int_activity__email_event_versions') %}

with
{% if is_incremental() -%}
affected as (
    {{ changed_keys('email_event_id', event_versions, 'email_event_id', 'esp.events') }}
),
{%- endif %}

events as (
    {{ latest_versions(event_versions, 'email_event_id', extract='esp.events') }}
),

final as (
    select
        events.email_event_id,
        identities.customer_id,
        events.node_id,
        events.email,
        events.event_type,
        events.occurred_at,
        events.campaign,
        events.message_id,
        events.url,
        events.reason,
        events.is_hard_bounce
    from events
    left join {{ ref('dim_identities') }} as identities on events.node_id = identities.node_id
)

{{ recomputed('final', 'email_event_id') }}
