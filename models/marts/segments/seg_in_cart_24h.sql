with checkouts as (
    select distinct cart_id
    from {{ ref('fct_web_events') }}
    where event_name = 'Checkout Started' and cart_id is not null
),

-- Cancelled sales too, as for the trigger cart_abandoned.
last_sales as (
    select customer_id, max(ordered_at) as ordered_at
    from {{ ref('fct_orders') }}
    where order_kind = 'sale'
    group by customer_id
)

select
    carts.customer_id,
    {{ json_text({
        'segment': "'in_cart_24h'",
        'item_count': 'sum(carts.item_count)',
        'last_changed_at': 'cast(max(carts.last_changed_at) as string)',
    }) }} as evidence
from {{ ref('fct_carts') }} as carts
anti join checkouts on carts.cart_id = checkouts.cart_id
left join last_sales on carts.customer_id = last_sales.customer_id
where
    carts.customer_id is not null
    and carts.item_count > 0
    and not carts.is_bought
    and {{ in_last('carts.last_changed_at', '24 hour') }}
    and coalesce(last_sales.ordered_at < carts.last_changed_at, true)
group by carts.customer_id
