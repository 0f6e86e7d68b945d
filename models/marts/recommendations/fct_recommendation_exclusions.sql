with recipients as (
    select distinct messages.customer_id
    from {{ ref('fct_campaign_messages') }} as messages
    semi join {{ ref('recommendation_lists') }} as lists on messages.campaign = lists.campaign
    where messages.has_profiling_consent
),

reasons as (
    select customer_id, product_id, ordered_at as bought_at, false as is_in_cart, cast(null as int) as sends_ago
    from {{ ref('fct_order_lines') }}
    where line_kind = 'sale' and not is_cancelled and ordered_at < {{ as_of() }}

    union all

    select carts.customer_id, items.product_id, null, true, null
    from {{ ref('fct_cart_items') }} as items
    inner join {{ ref('fct_carts') }} as carts on items.cart_id = carts.cart_id
    where not carts.is_bought and {{ in_last_days_of('carts.last_changed_at', 'cart_basis_days') }}

    union all

    select customer_id, product_id, null, false, sends_ago
    from {{ ref('int_recommendations__shown') }}
)

select
    reasons.customer_id,
    products.product_group_id,
    max(reasons.bought_at) as bought_at,
    bool_or(reasons.is_in_cart) as is_in_cart,
    min(reasons.sends_ago) as sends_ago
from reasons
semi join recipients on reasons.customer_id = recipients.customer_id
inner join {{ ref('dim_products') }} as products on reasons.product_id = products.product_id
group by reasons.customer_id, products.product_group_id
