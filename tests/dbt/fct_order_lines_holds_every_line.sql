{{ config(meta={'dagster': {'ref': {'name': 'fct_order_lines'}}}) }}
-- Every line extracted is in fct_order_lines, once its order has arrived and unless that is a test order.
select lines.order_line_id
from ({{ latest_versions(ref('int_activity__order_line_versions'), 'order_line_id', updated_at='updated_at') }}) as lines
semi join {{ ref('fct_orders') }} as orders using (order_id)
anti join {{ ref('fct_order_lines') }} as kept using (order_line_id)
