with searches as (
    select customer_id, count(*) as search_count, max(occurred_at) as searched_at
    from {{ ref('fct_web_events') }}
    where customer_id is not null and event_name = 'Products Searched' and {{ in_last('occurred_at', '7 day') }}
    group by customer_id
),

last_sales as (
    select customer_id, max(ordered_at) as ordered_at
    from {{ ref('fct_orders') }}
    where order_kind = 'sale' and not is_cancelled
    group by customer_id
)

select
    searches.customer_id,
    {{ json_text({
        'segment': "'searched_not_bought'",
        'search_count': 'searches.search_count',
        'searched_at': 'cast(searches.searched_at as string)',
    }) }} as evidence
from searches
left join last_sales on searches.customer_id = last_sales.customer_id
where coalesce(last_sales.ordered_at < searches.searched_at, true)
