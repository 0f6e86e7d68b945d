with ordered as (
    select distinct order_id, product_id
    from {{ ref('fct_order_lines') }}
    where
        line_kind = 'sale'
        and not is_cancelled
        and product_id is not null
        and {{ in_last_days_of('ordered_at', 'order_days') }}
),

-- A view is of the visit that began last before it: with the starts among the views, one pass tells which that is.
marks as (
    select visitor_id, occurred_at as marked_at, product_id, cast(null as timestamp) as started_at
    from {{ ref('fct_web_events') }}
    where
        event_name = 'Product Viewed'
        and product_id is not null
        and {{ in_last_days_of('occurred_at', 'visit_days') }}

    union all

    select visitor_id, started_at, null, started_at
    from {{ ref('fct_sessions') }}
    where {{ in_last_days_of('started_at', 'visit_days') }}
),

views as (
    select
        visitor_id,
        product_id,
        max(started_at) over (partition by visitor_id order by marked_at nulls last) as started_at
    from marks
),

viewed as (
    select distinct visitor_id, started_at, product_id
    from views
    where product_id is not null and started_at is not null
),

baskets as (
    select
        'bought_together' as relation,
        order_id as basket_id,
        product_id,
        count(*) over (partition by order_id) > {{ recommendation_setting('order_maximum') }} as is_skipped
    from ordered

    union all

    select
        'viewed_together',
        md5(visitor_id || '|' || cast(started_at as string)),
        product_id,
        count(*) over (partition by visitor_id, started_at) > {{ recommendation_setting('visit_maximum') }}
    from viewed
)

select
    cast(relation as string) as relation,
    basket_id,
    product_id,
    is_skipped
from baskets
