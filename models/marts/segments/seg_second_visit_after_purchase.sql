with purchases as (
    select customer_id, min(ordered_at) as ordered_at
    from {{ ref('fct_orders') }}
    where order_kind = 'sale' and not is_cancelled and {{ in_last('ordered_at', '30 day') }}
    group by customer_id
)

select
    purchases.customer_id,
    {{ json_text({
        'segment': "'second_visit_after_purchase'",
        'ordered_at': 'cast(max(purchases.ordered_at) as string)',
        'visit_count': 'count(*)',
    }) }} as evidence
from purchases
inner join {{ ref('fct_sessions') }} as visits
    on purchases.customer_id = visits.customer_id and visits.started_at > purchases.ordered_at
where visits.started_at < {{ as_of() }}
group by purchases.customer_id
having count(*) >= 2
