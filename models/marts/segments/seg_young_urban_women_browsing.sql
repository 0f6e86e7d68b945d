with in_age_and_place as (
    select
        customers.customer_id,
        areas.city,
        {{ age_years('customers.birth_on', 'cast(' ~ as_of() ~ ' as date)') }} as age
    from {{ ref('dim_customers') }} as customers
    inner join {{ ref('urban_areas') }} as areas
        on lower(trim(customers.city)) = areas.city and upper(customers.country_code) = areas.country_code
    where customers.gender = 'female'
),

recent_views as (
    select customer_id, count(distinct product_id) as viewed_product_count
    from {{ ref('fct_web_events') }}
    where event_name = 'Product Viewed' and {{ in_last('occurred_at', '7 day') }}
    group by customer_id
    having count(distinct product_id) >= 3
),

recent_buyers as (
    select distinct customer_id
    from {{ ref('fct_orders') }}
    where order_kind = 'sale' and not is_cancelled and {{ in_last('ordered_at', '7 day') }}
)

select
    in_age_and_place.customer_id,
    {{ json_text({
        'segment': "'young_urban_women_browsing'",
        'age': 'in_age_and_place.age',
        'city': 'in_age_and_place.city',
        'viewed_product_count': 'recent_views.viewed_product_count',
    }) }} as evidence
from in_age_and_place
inner join recent_views on in_age_and_place.customer_id = recent_views.customer_id
anti join recent_buyers on in_age_and_place.customer_id = recent_buyers.customer_id
where in_age_and_place.age between 18 and 34
