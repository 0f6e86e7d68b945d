{{ config(
    materialized='incremental',
    incremental_strategy='recompute',
    unique_key='cart_id',
    post_hook='{{ record_loads() }}',
    meta={'extracts': ['web.events']},
) }}

{%- set event_versions = ref('int_activity__web_event_versions') %}

with
{% if is_incremental() -%}
affected as (
    {{ changed_keys('cart_id', event_versions, 'event_id', 'web.events') }}
),
{%- endif %}

changes as (
    select
        cart_id,
        product_id,
        event_name,
        -- The spec leaves the quantity out where it is one piece.
        coalesce(quantity, 1) as pieces,
        case when price_amount >= 0 then price_amount end as price_amount,
        occurred_at,
        row_number() over (
            partition by cart_id, product_id order by occurred_at nulls last, event_id nulls last
        ) as position
    from {{ ref('fct_web_events') }}
    {% if is_incremental() -%}
    semi join affected using (cart_id)
    {% endif -%}
    where
        event_name in ('Product Added', 'Product Removed')
        and cart_id is not null
        and product_id is not null
        -- Anyone can send an event: one about no pieces, or about more than a cart holds, is not believed.
        and coalesce(quantity, 1) between 1 and 9999
),

final as (
    select
        cart_id,
        product_id,
        cast(sum(case when event_name = 'Product Added' then pieces else -pieces end) as bigint) as quantity,
        max_by(price_amount, position) filter (
            where event_name = 'Product Added' and price_amount is not null
        ) as unit_price_amount,
        max(occurred_at) as last_changed_at
    from changes
    group by cart_id, product_id
    having sum(case when event_name = 'Product Added' then pieces else -pieces end) > 0
)

{{ recomputed('final', 'cart_id') }}
