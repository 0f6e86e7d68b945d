-- An order that was cancelled needs no thanks any more; a cancellation after the message changes nothing.
with found as (
    select
        'order:' || case
            when regexp_extract(order_id, '^[A-Za-z0-9._~-]{1,100}$', 0) = order_id then order_id
            else 'md5:' || md5(order_id)
        end as occasion_id,
        customer_id,
        order_id as subject_id,
        ordered_at as occurred_at,
        cancelled_at as fulfilled_at,
        {{ json_text({
            'trigger': "'order_thanks'",
            'order_id': 'order_id',
            'ordered_at': 'cast(ordered_at as string)',
        }) }} as evidence
    from {{ ref('fct_orders') }}
    where order_kind = 'sale' and customer_id is not null
)

{{ occasions('order_thanks', 'found') }}
