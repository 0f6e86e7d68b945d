{{ config(
    materialized='incremental',
    incremental_strategy='recompute',
    unique_key='cart_id',
    post_hook='{{ record_loads() }}',
    meta={'extracts': ['web.events', 'shop.orders']},
) }}

{%- set event_versions = ref('int_activity__web_event_versions') %}
{%- set order_versions = ref('int_activity__order_versions') %}

with
{% if is_incremental() -%}
affected as (
    {{ changed_keys('cart_id', event_versions, 'event_id', 'web.events') }}
    union
    {{ changed_keys('cart_id', order_versions, 'order_id', 'shop.orders') }}
),
{%- endif %}

events as (
    select
        cart_id,
        event_name,
        occurred_at,
        order_id,
        currency,
        row_number() over (partition by cart_id order by occurred_at nulls last, event_id nulls last) as position
    from {{ ref('fct_web_events') }}
    {% if is_incremental() -%}
    semi join affected using (cart_id)
    {% endif -%}
    where cart_id is not null
),

carts as (
    select
        cart_id,
        'cart_token:' || cart_id as node_id,
        min(occurred_at) as created_at,
        max(occurred_at) filter (where event_name in ('Product Added', 'Product Removed')) as last_changed_at,
        max_by(currency, position) filter (where currency is not null) as currency
    from events
    group by cart_id
),

contents as (
    select
        cart_id,
        sum(quantity) as item_count,
        sum(quantity * unit_price_amount) as cart_amount
    from {{ ref('fct_cart_items') }}
    {% if is_incremental() -%}
    semi join affected using (cart_id)
    {% endif -%}
    group by cart_id
),

-- The shop's order arrives with the next extract, the visitor's own Order Completed often hours before it.
purchases as (
    select cart_id, order_id, ordered_at as bought_at
    from {{ ref('fct_orders') }}
    {% if is_incremental() -%}
    semi join affected using (cart_id)
    {% endif -%}
    where cart_id is not null
    union all
    select cart_id, order_id, occurred_at as bought_at
    from events
    where event_name = 'Order Completed'
),

first_purchases as (
    select
        cart_id,
        min(bought_at) as bought_at,
        min(order_id) filter (where order_position = 1) as order_id
    from (
        select
            *,
            row_number() over (
                partition by cart_id, order_id is null
                order by bought_at nulls last, order_id nulls last
            ) as order_position
        from purchases
    ) as ranked
    group by cart_id
),

final as (
    select
        carts.cart_id,
        identities.customer_id,
        carts.node_id,
        carts.created_at,
        carts.last_changed_at,
        cast(coalesce(contents.item_count, 0) as bigint) as item_count,
        try_cast(coalesce(contents.cart_amount, 0) as decimal(18, 2)) as cart_amount,
        carts.currency,
        first_purchases.cart_id is not null as is_bought,
        first_purchases.bought_at,
        first_purchases.order_id
    from carts
    left join contents on carts.cart_id = contents.cart_id
    left join first_purchases on carts.cart_id = first_purchases.cart_id
    left join {{ ref('dim_identities') }} as identities on carts.node_id = identities.node_id
)

{{ recomputed('final', 'cart_id') }}
