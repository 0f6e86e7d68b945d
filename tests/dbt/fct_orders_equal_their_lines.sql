{{ config(meta={'dagster': {'ref': {'name': 'fct_orders'}}}) }}
-- What the orders add up to is what their lines add up to, pieces and money.
with orders as (
    select order_id, line_count, quantity - returned_quantity as pieces, net_amount
    from {{ ref('fct_orders') }}
    where line_count > 0
),

lines as (
    select order_id, count(*) as line_count, sum(net_quantity) as pieces, sum(net_amount) as net_amount
    from {{ ref('fct_order_lines') }}
    group by order_id
)

select order_id, orders.net_amount as order_amount, lines.net_amount as line_amount
from orders
full join lines using (order_id)
where
    orders.line_count is distinct from lines.line_count
    or orders.pieces is distinct from lines.pieces
    or orders.net_amount is distinct from lines.net_amount
