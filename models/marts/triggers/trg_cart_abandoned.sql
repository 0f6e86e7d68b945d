with carts as (
    select *
    from {{ ref('fct_carts') }}
    where customer_id is not null and item_count > 0 and last_changed_at > {{ kept_since('cart_abandoned') }}
),

-- Cancelled sales too: who bought and thought better of it has answered the question the reminder asks.
sales as (
    select customer_id, ordered_at
    from {{ ref('fct_orders') }}
    where order_kind = 'sale' and ordered_at > {{ kept_since('cart_abandoned') }}
),

next_sales as (
    select carts.cart_id, min(sales.ordered_at) as ordered_at
    from carts
    inner join sales on carts.customer_id = sales.customer_id and carts.last_changed_at <= sales.ordered_at
    group by carts.cart_id
),

-- Cart ids come from browsers: one that is no plain token is hashed, since the occasion's id goes on to the ESP. No plain one
-- can pose as a hash, which has a colon before it.
found as (
    select
        'cart:' || case
            when regexp_extract(carts.cart_id, '^[A-Za-z0-9._~-]{1,100}$', 0) = carts.cart_id then carts.cart_id
            else 'md5:' || md5(carts.cart_id)
        end as occasion_id,
        carts.customer_id,
        carts.cart_id as subject_id,
        carts.last_changed_at as occurred_at,
        least(case when carts.is_bought then carts.bought_at end, next_sales.ordered_at) as fulfilled_at,
        {{ json_text({
            'trigger': "'cart_abandoned'",
            'cart_id': 'carts.cart_id',
            'item_count': 'carts.item_count',
            'last_changed_at': 'cast(carts.last_changed_at as string)',
        }) }} as evidence
    from carts
    left join next_sales on carts.cart_id = next_sales.cart_id
)

{{ occasions('cart_abandoned', 'found') }}
