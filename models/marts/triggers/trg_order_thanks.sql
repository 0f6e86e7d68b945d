with found as (
    select
        'order:' || order_id as occasion_id,
        customer_id,
        order_id as subject_id,
        ordered_at as occurred_at,
        cancelled_at as fulfilled_at,
        {{ json_text({'trigger': "'order_thanks'", 'order_id': 'order_id', 'ordered_at': 'cast(ordered_at as string)'}) }}
            as evidence
    from {{ ref('fct_orders') }}
    where order_kind = 'sale' and customer_id is not null and ordered_at > {{ kept_since('order_thanks') }}
)

{{ occasions('order_thanks', 'found') }}
