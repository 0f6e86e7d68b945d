{{ config(
    materialized='incremental',
    incremental_strategy='recompute',
    unique_key='order_line_id',
    post_hook='{{ record_loads() }}',
    meta={'extracts': ['shop.orders', 'shop.order_lines'], 'happened_at': 'ordered_at'},
) }}

{%- set line_versions = ref('int_activity__order_line_versions') %}
{%- set order_versions = ref('int_activity__order_versions') %}

with
{% if is_incremental() -%}
affected as (
    {{ changed_keys('order_line_id', line_versions, 'order_line_id', 'shop.order_lines') }}
    union
    select lines.order_line_id
    from {{ line_versions }} as lines
    semi join ({{ changed_keys('order_id', order_versions, 'order_id', 'shop.orders') }}) as changed using (order_id)
),

affected_orders as (
    select distinct lines.order_id
    from {{ line_versions }} as lines
    semi join affected using (order_line_id)
),
{%- endif %}

lines as (
    {{ latest_versions(line_versions, 'order_line_id', updated_at='updated_at') }}
),

orders as (
    {{ latest_versions(order_versions, 'order_id', updated_at='updated_at', affected='affected_orders') }}
),

-- Before the lines, because there are fewer orders than lines.
stitched_orders as (
    select
        orders.*,
        identities.customer_id
    from orders
    left join {{ ref('dim_identities') }} as identities on orders.node_id = identities.node_id
    where not orders.is_test
),

final as (
    select
        lines.order_line_id,
        lines.order_id,
        orders.customer_id,
        orders.node_id,
        lines.product_id,
        lines.title,
        orders.ordered_at,
        lines.line_kind,
        lines.quantity,
        lines.returned_quantity,
        lines.net_quantity,
        lines.unit_price_amount,
        lines.gross_amount,
        lines.discount_amount,
        lines.returned_amount,
        lines.gross_amount - lines.discount_amount - lines.returned_amount as net_amount,
        orders.cancelled_at is not null as is_cancelled
    from lines
    inner join stitched_orders as orders on lines.order_id = orders.order_id
)

{{ recomputed('final', 'order_line_id') }}
