with first_sales as (
    select customer_id, min(ordered_at) as first_ordered_at
    from {{ ref('fct_orders') }}
    where customer_id is not null and order_kind = 'sale' and not is_cancelled
    group by customer_id
)

select
    customer_id,
    {{ json_text({
        'segment': "'new_customers'",
        'first_ordered_on': 'cast(first_ordered_at as date)',
    }) }} as evidence
from first_sales
where {{ in_last('first_ordered_at', '30 day') }}
