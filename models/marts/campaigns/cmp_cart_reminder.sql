-- Occasions that are not due, or no longer, are candidates too, until the day after they expire: what became of each is on record.
with occasions as (
    select *
    from {{ ref('fct_trigger_occasions') }}
    where trigger_name = 'cart_abandoned' and expires_at > {{ as_of() }} - interval 1 day
),

showable_carts as (
    select distinct cart_id
    from {{ ref('fct_cart_products') }}
)

select
    occasions.customer_id,
    occasions.occasion_id,
    cast(null as string) as segment,
    occasions.evidence,
    carts.currency is not null and showable_carts.cart_id is not null as has_content,
    carts.cart_id,
    carts.item_count,
    carts.cart_amount,
    carts.currency,
    occasions.occurred_at as abandoned_at
from occasions
inner join {{ ref('fct_carts') }} as carts on occasions.subject_id = carts.cart_id
left join showable_carts on carts.cart_id = showable_carts.cart_id
