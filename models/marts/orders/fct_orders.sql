{{ config(
    materialized='incremental',
    incremental_strategy='recompute',
    unique_key='order_id',
    post_hook='{{ record_loads() }}',
    meta={'extracts': ['shop.orders', 'shop.order_lines'], 'happened_at': 'ordered_at'},
) }}

{%- set order_versions = ref('int_activity__order_versions') %}
{%- set line_versions = ref('int_activity__order_line_versions') %}

with
{% if is_incremental() -%}
affected as (
    {{ changed_keys('order_id', order_versions, 'order_id', 'shop.orders') }}
    union
    {{ changed_keys('order_id', line_versions, 'order_line_id', 'shop.order_lines') }}
),
{%- endif %}

orders as (
    {{ latest_versions(order_versions, 'order_id', updated_at='updated_at') }}
),

totals as (
    select
        order_id,
        count(*) as line_count,
        count_if(line_kind = 'sale') as sale_line_count,
        sum(quantity) as quantity,
        sum(returned_quantity) as returned_quantity,
        sum(gross_amount) as gross_amount,
        sum(discount_amount) as discount_amount,
        sum(returned_amount) as returned_amount,
        sum(net_amount) as net_amount
    from {{ ref('fct_order_lines') }}
    {% if is_incremental() -%}
    semi join affected using (order_id)
    {% endif -%}
    group by order_id
),

final as (
    select
        orders.order_id,
        orders.order_number,
        identities.customer_id,
        orders.node_id,
        -- An order whose lines have not arrived yet has no totals; it is a sale until they say otherwise.
        case when totals.sale_line_count = 0 then 'return' else 'sale' end as order_kind,
        orders.ordered_at,
        orders.cancelled_at,
        orders.cancelled_at is not null as is_cancelled,
        orders.financial_status,
        orders.currency,
        orders.cart_id,
        cast(coalesce(totals.line_count, 0) as bigint) as line_count,
        cast(coalesce(totals.quantity, 0) as bigint) as quantity,
        cast(coalesce(totals.returned_quantity, 0) as bigint) as returned_quantity,
        cast(coalesce(totals.gross_amount, 0) as decimal(18, 2)) as gross_amount,
        cast(coalesce(totals.discount_amount, 0) as decimal(18, 2)) as discount_amount,
        cast(coalesce(totals.returned_amount, 0) as decimal(18, 2)) as returned_amount,
        cast(coalesce(totals.net_amount, 0) as decimal(18, 2)) as net_amount,
        orders.extract_date
    from orders
    left join totals on orders.order_id = totals.order_id
    left join {{ ref('dim_identities') }} as identities on orders.node_id = identities.node_id
    where not orders.is_test
)

{{ recomputed('final', 'order_id') }}
