-- Occasions that are not due, or no longer, are candidates too, until the day after they expire: what became of each is on record.
with occasions as (
    select *
    from {{ ref('fct_occasions') }}
    where campaign = 'cart_follow_up' and expires_at > {{ as_of() }} - interval 1 day
),

-- The mail counts and totals what it can show; a total past all measure is shown to nobody.
shown as (
    select
        cart_id,
        sum(quantity) as item_count,
        try_cast(sum(quantity * price_amount) as decimal(18, 2)) as cart_amount
    from {{ ref('fct_cart_products') }}
    group by cart_id
)

select
    occasions.customer_id,
    occasions.occasion_id,
    cast(null as string) as segment,
    occasions.evidence,
    carts.currency is not null and shown.cart_amount is not null as has_content,
    shown.cart_amount as expected_value_amount,
    carts.cart_id,
    shown.item_count,
    shown.cart_amount,
    carts.currency,
    occasions.occurred_at as abandoned_at
from occasions
inner join {{ ref('fct_carts') }} as carts on occasions.subject_id = carts.cart_id
left join shown on carts.cart_id = shown.cart_id
