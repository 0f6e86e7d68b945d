with occasions as (
    select *
    from {{ ref('fct_occasions') }}
    where campaign = 'cross_sell' and expires_at > {{ as_of() }} - interval 1 day
),

-- What the order was about: its dearest product.
main_products as (
    select order_id, title
    from {{ ref('fct_order_products') }}
    where position = 1
)

select
    occasions.customer_id,
    occasions.occasion_id,
    cast(null as string) as segment,
    occasions.evidence,
    true as has_content,
    cast(null as decimal(18, 2)) as expected_value_amount,
    occasions.occurred_at as ordered_at,
    main_products.title as product_title
from occasions
left join main_products on occasions.subject_id = main_products.order_id
