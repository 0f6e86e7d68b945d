with events as (
    select *
    from {{ ref('fct_web_events') }}
    where
        customer_id is not null
        and event_name in ('Product Viewed', 'Product Added', 'Order Completed')
        and occurred_at > {{ kept_since('browse_abandoned') }}
),

-- The last view of each day by one identifier, which is one customer's, whatever arrives late.
bursts as (
    select
        *,
        cast(occurred_at as date) as viewed_on,
        count(*) over (partition by node_id, cast(occurred_at as date)) as view_count
    from events
    where event_name = 'Product Viewed' and product_id is not null
    qualify row_number() over (
        partition by node_id, cast(occurred_at as date)
        order by occurred_at desc nulls last, event_id asc nulls last
    ) = 1
),

answers as (
    select customer_id, occurred_at as answered_at
    from events
    union all
    select customer_id, ordered_at as answered_at
    from {{ ref('fct_orders') }}
    where order_kind = 'sale' and ordered_at > {{ kept_since('browse_abandoned') }}
),

first_answers as (
    select bursts.event_id, min(answers.answered_at) as answered_at
    from bursts
    inner join answers on bursts.customer_id = answers.customer_id and bursts.occurred_at < answers.answered_at
    group by bursts.event_id
),

found as (
    select
        'browse:' || md5(bursts.node_id) || ':' || cast(bursts.viewed_on as string) as occasion_id,
        bursts.customer_id,
        bursts.product_id as subject_id,
        bursts.occurred_at,
        first_answers.answered_at as fulfilled_at,
        {{ json_text({
            'trigger': "'browse_abandoned'",
            'product_id': 'bursts.product_id',
            'view_count': 'bursts.view_count',
            'viewed_at': 'cast(bursts.occurred_at as string)',
        }) }} as evidence
    from bursts
    left join first_answers on bursts.event_id = first_answers.event_id
)

{{ occasions('browse_abandoned', 'found') }}
