with cart_items as (
    select * from {{ ref('fct_cart_items') }}
),

products as (
    select * from {{ ref('dim_products') }}
)

select
    cart_items.cart_id,
    row_number() over (
        partition by cart_items.cart_id
        order by cart_items.last_changed_at asc nulls last, cart_items.product_id asc nulls last
    ) as position,
    cart_items.product_id,
    products.title,
    products.product_url,
    products.image_url,
    coalesce(cart_items.unit_price_amount, products.sale_price_amount, products.price_amount) as price_amount,
    coalesce(carts.currency, products.currency) as currency,
    cart_items.quantity
from cart_items
inner join {{ ref('fct_carts') }} as carts on cart_items.cart_id = carts.cart_id
inner join products on cart_items.product_id = products.product_id
where
    products.title is not null
    and coalesce(cart_items.unit_price_amount, products.sale_price_amount, products.price_amount) is not null
    and coalesce(carts.currency, products.currency) is not null
