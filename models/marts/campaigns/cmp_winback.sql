with targeted_members as (
    select
        memberships.customer_id,
        memberships.segment,
        memberships.entered_at,
        memberships.evidence
    from {{ ref('fct_segment_memberships') }} as memberships
    inner join {{ ref('dim_campaign_segments') }} as sources
        on memberships.segment = sources.segment and sources.campaign = 'winback'
    where memberships.is_member
    qualify row_number() over (partition by memberships.customer_id order by sources.position asc nulls last) = 1
),

last_sales as (
    select customer_id, order_id, ordered_at, currency
    from {{ ref('fct_orders') }}
    semi join targeted_members using (customer_id)
    where order_kind = 'sale' and not is_cancelled
    qualify row_number() over (partition by customer_id order by ordered_at desc nulls last, order_id asc nulls last) = 1
),

-- What the order was about: its dearest product, postage and the like left out.
main_lines as (
    select order_id, title
    from {{ ref('fct_order_lines') }}
    semi join last_sales using (order_id)
    where line_kind = 'sale' and product_id is not null
    qualify row_number() over (partition by order_id order by gross_amount desc nulls last, order_line_id asc nulls last) = 1
)

select
    targeted_members.customer_id,
    targeted_members.segment || ':' || cast(cast(targeted_members.entered_at as date) as string) as occasion_id,
    targeted_members.segment,
    targeted_members.evidence,
    true as has_content,
    cast(null as decimal(18, 2)) as expected_value_amount,
    {{ days_between('last_sales.ordered_at', as_of()) }} as days_since_order,
    main_lines.title as last_product_title,
    last_sales.currency
from targeted_members
inner join last_sales on targeted_members.customer_id = last_sales.customer_id
left join main_lines on last_sales.order_id = main_lines.order_id
