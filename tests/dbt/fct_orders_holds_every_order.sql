{{ config(meta={'dagster': {'ref': {'name': 'fct_orders'}}}) }}
-- Every order extracted is in fct_orders, unless the latest word on it is that it is a test.
with latest as (
    {{ latest_versions(ref('int_activity__order_versions'), 'order_id', updated_at='updated_at') }}
)

select order_id from latest
anti join {{ ref('fct_orders') }} as orders using (order_id)
where not is_test
