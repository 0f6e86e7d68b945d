with published as (
    select *
    from {{ ref('stg_history__category_stages') }}
    qualify as_of_date = max(as_of_date) over ()
),

successions as (
    select * from {{ ref('int_customers__succeeded') }}
)

select
    coalesce(successions.customer_id, published.customer_id) as customer_id,
    published.category,
    min(published.viewed_at) as viewed_at,
    min(published.in_cart_at) as in_cart_at,
    min(published.bought_at) as bought_at
from published
left join successions on published.customer_id = successions.former_customer_id
group by coalesce(successions.customer_id, published.customer_id), published.category
