-- Of all orders ever, those that a campaign may be about. A return line's pieces are none, and what the feed does not know, or
-- without a price, cannot be shown.
with lines as (
    select
        order_id,
        product_id,
        max(title) as title,
        max(unit_price_amount) as price_amount,
        sum(quantity) as quantity,
        sum(gross_amount) as gross_amount
    from {{ ref('fct_order_lines') }} as order_lines
    semi join {{ ref('fct_occasions') }} as occasions on order_lines.order_id = occasions.subject_id
    where line_kind = 'sale' and product_id is not null and quantity > 0 and unit_price_amount is not null
    group by order_id, product_id
)

select
    lines.order_id,
    row_number() over (
        partition by lines.order_id order by lines.gross_amount desc nulls last, lines.product_id asc nulls last
    ) as position,
    lines.product_id,
    coalesce(lines.title, products.title) as title,
    products.product_url,
    products.image_url,
    lines.price_amount,
    orders.currency,
    lines.quantity
from lines
inner join {{ ref('fct_orders') }} as orders on lines.order_id = orders.order_id and orders.currency is not null
left join {{ ref('dim_products') }} as products on lines.product_id = products.product_id
where coalesce(lines.title, products.title) is not null
