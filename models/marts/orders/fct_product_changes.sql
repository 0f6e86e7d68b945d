with days as (
    select
        *,
        lag(price_amount) over feeds as old_price_amount,
        lag(currency) over feeds as old_currency,
        lag(is_in_stock) over feeds as was_in_stock
    from {{ ref('int_activity__product_days') }}
    where observed_on >= {{ dbt.dateadd('day', '-' ~ policy_value('fct_product_changes', 'kept_days', 'int'), as_of()) }}
    window feeds as (partition by product_id order by observed_on nulls last)
),

changes as (
    select 'price_drop' as kind, days.*
    from days
    where price_amount < old_price_amount and currency = old_currency
    union all
    select 'price_rise' as kind, days.*
    from days
    where price_amount > old_price_amount and currency = old_currency
    union all
    select 'back_in_stock' as kind, days.*
    from days
    where is_in_stock and not was_in_stock
    union all
    select 'out_of_stock' as kind, days.*
    from days
    where was_in_stock and not coalesce(is_in_stock, false)
)

select
    product_id,
    cast(kind as string) as kind,
    observed_on,
    cast(observed_on as timestamp) as changed_at,
    old_price_amount,
    price_amount as new_price_amount,
    currency,
    case
        when kind = 'price_drop'
            then cast(old_price_amount - price_amount as double) / nullif(cast(old_price_amount as double), 0)
    end as drop_share
from changes
