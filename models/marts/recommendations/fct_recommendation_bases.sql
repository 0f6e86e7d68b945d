with recipients as (
    select distinct messages.customer_id
    from {{ ref('fct_campaign_messages') }} as messages
    semi join {{ ref('recommendation_lists') }} as lists on messages.campaign = lists.campaign
    where messages.has_profiling_consent
),

activities as (
    select 'bought_together' as strategy, customer_id, product_id, title, ordered_at as happened_at
    from {{ ref('fct_order_lines') }}
    where line_kind = 'sale' and not is_cancelled and {{ in_last_days_of('ordered_at', 'bought_basis_days') }}

    union all

    select 'similar_to_viewed', customer_id, product_id, null, occurred_at
    from {{ ref('fct_web_events') }}
    where event_name = 'Product Viewed' and {{ in_last_days_of('occurred_at', 'viewed_basis_days') }}

    union all

    select 'complement_of_cart', carts.customer_id, items.product_id, null, items.last_changed_at
    from {{ ref('fct_cart_items') }} as items
    inner join {{ ref('fct_carts') }} as carts on items.cart_id = carts.cart_id
    where not carts.is_bought and {{ in_last_days_of('carts.last_changed_at', 'cart_basis_days') }}
),

latest as (
    select strategy, customer_id, product_id, max(title) as title, max(happened_at) as happened_at
    from activities
    semi join recipients on activities.customer_id = recipients.customer_id
    where product_id is not null
    group by strategy, customer_id, product_id
),

-- What has no title cannot be named as the reason.
named as (
    select
        latest.strategy,
        latest.customer_id,
        latest.product_id,
        coalesce(products.title, latest.title) as title,
        latest.happened_at
    from latest
    left join {{ ref('dim_products') }} as products on latest.product_id = products.product_id
    where coalesce(products.title, latest.title) is not null
)

select
    cast(strategy as string) as strategy,
    cast(case strategy when 'similar_to_viewed' then 'viewed_together' else 'bought_together' end as string) as relation,
    customer_id,
    product_id,
    title,
    happened_at,
    cast(row_number() over (
        partition by strategy, customer_id order by happened_at desc nulls last, product_id asc nulls last
    ) as int) as position
from named
qualify row_number() over (
    partition by strategy, customer_id order by happened_at desc nulls last, product_id asc nulls last
) <= {{ recommendation_setting('maximum_bases') }}
