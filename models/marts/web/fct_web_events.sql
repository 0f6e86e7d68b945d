{{ config(
    materialized='incremental',
    incremental_strategy='recompute',
    unique_key='event_id',
    post_hook='{{ record_loads() }}',
    meta={'extracts': ['web.events'], 'happened_at': 'occurred_at'},
) }}

{%- set event_versions = ref('int_activity__web_event_versions') %}

with
{% if is_incremental() -%}
affected as (
    {{ changed_keys('event_id', event_versions, 'event_id', 'web.events') }}
),
{%- endif %}

events as (
    {{ latest_versions(event_versions, 'event_id', extract='web.events') }}
),

final as (
    select
        events.event_id,
        identities.customer_id,
        events.node_id,
        events.visitor_id,
        events.event_name,
        events.occurred_at,
        events.received_at,
        events.page_path,
        events.product_id,
        events.cart_id,
        events.order_id,
        events.quantity,
        events.price_amount,
        events.currency,
        events.query,
        events.utm_campaign,
        events.utm_source
    from events
    left join {{ ref('dim_identities') }} as identities on events.node_id = identities.node_id
)

{{ recomputed('final', 'event_id') }}
