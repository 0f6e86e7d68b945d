with products as (
    select *, coalesce(sale_price_amount, price_amount) as feed_price_amount
    from {{ ref('dim_products') }}
),

-- The feed's price stands in for one the cart lacks, unless it is in another currency than the cart.
priced as (
    select
        cart_items.cart_id,
        cart_items.product_id,
        products.title,
        products.product_url,
        products.image_url,
        coalesce(
            cart_items.unit_price_amount,
            case when coalesce(products.currency = carts.currency, true) then products.feed_price_amount end
        ) as price_amount,
        coalesce(carts.currency, products.currency) as currency,
        cart_items.quantity,
        cart_items.last_changed_at
    from {{ ref('fct_cart_items') }} as cart_items
    inner join {{ ref('fct_carts') }} as carts on cart_items.cart_id = carts.cart_id
    inner join products on cart_items.product_id = products.product_id
)

select
    cart_id,
    row_number() over (
        partition by cart_id order by last_changed_at asc nulls last, product_id asc nulls last
    ) as position,
    product_id,
    title,
    product_url,
    image_url,
    price_amount,
    currency,
    quantity
from priced
where title is not null and price_amount is not null and currency is not null
