with carts as (
    select customer_id, sum(item_count) as item_count, max(last_changed_at) as last_changed_at
    from {{ ref('fct_carts') }}
    where item_count > 0 and not is_bought and {{ in_last('last_changed_at', '7 day') }}
    group by customer_id
)

select
    customers.customer_id,
    {{ json_text({
        'segment': "'urban_men_with_cart'",
        'city': 'areas.city',
        'item_count': 'carts.item_count',
        'last_changed_at': 'cast(carts.last_changed_at as string)',
    }) }} as evidence
from {{ ref('dim_customers') }} as customers
inner join {{ ref('urban_areas') }} as areas
    on lower(trim(customers.city)) = areas.city and upper(customers.country_code) = areas.country_code
inner join carts on customers.customer_id = carts.customer_id
where customers.gender = 'male'
