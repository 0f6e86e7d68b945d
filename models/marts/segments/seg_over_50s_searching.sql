with searches as (
    select customer_id, count(*) as search_count, max(occurred_at) as searched_at
    from {{ ref('fct_web_events') }}
    where event_name = 'Products Searched' and {{ in_last('occurred_at', '7 day') }}
    group by customer_id
)

select
    customers.customer_id,
    {{ json_text({
        'segment': "'over_50s_searching'",
        'search_count': 'searches.search_count',
        'searched_at': 'cast(searches.searched_at as string)',
    }) }} as evidence
from {{ ref('dim_customers') }} as customers
inner join searches on customers.customer_id = searches.customer_id
where {{ age_years('customers.birth_on', 'cast(' ~ as_of() ~ ' as date)') }} >= 50
