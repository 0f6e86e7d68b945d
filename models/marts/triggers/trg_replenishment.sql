with purchases as (
    select customer_id, product_id, order_id, min(ordered_at) as ordered_at
    from {{ ref('fct_order_lines') }}
    where
        line_kind = 'sale'
        and net_quantity > 0
        and not is_cancelled
        and customer_id is not null
        and product_id is not null
    group by customer_id, product_id, order_id
),

-- What somebody has bought once has no rhythm.
steps as (
    select
        *,
        {{ seconds_between('lag(ordered_at) over history', 'ordered_at') }} as gap_seconds,
        lead(ordered_at) over history as next_at
    from purchases
    window history as (partition by customer_id, product_id order by ordered_at nulls last, order_id nulls last)
    qualify count(*) over (partition by customer_id, product_id) > 1
),

-- Whatever was bought again before the horizon needs no rhythm.
latest as (
    select *
    from steps
    where next_at is null or next_at > {{ kept_since('replenishment') }}
),

-- Two purchases within a day are one.
rhythms as (
    select
        latest.customer_id,
        latest.product_id,
        latest.order_id,
        count(*) + 1 as purchase_count,
        cast(round(median(earlier.gap_seconds)) as bigint) as gap_seconds
    from latest
    inner join steps as earlier
        on latest.customer_id = earlier.customer_id
        and latest.product_id = earlier.product_id
        and latest.ordered_at >= earlier.ordered_at
    where earlier.gap_seconds >= 86400
    group by latest.customer_id, latest.product_id, latest.order_id
),

found as (
    select
        'replenishment:' || latest.order_id || ':' || latest.product_id as occasion_id,
        latest.customer_id,
        latest.product_id as subject_id,
        {{ dbt.dateadd('second', 'rhythms.gap_seconds', 'latest.ordered_at') }} as occurred_at,
        latest.next_at as fulfilled_at,
        rhythms.purchase_count as measure,
        {{ json_text({
            'trigger': "'replenishment'",
            'product_id': 'latest.product_id',
            'purchase_count': 'rhythms.purchase_count',
            'days_between': 'cast(round(rhythms.gap_seconds / 86400) as int)',
            'last_bought_at': 'cast(latest.ordered_at as string)',
        }) }} as evidence
    from latest
    inner join rhythms
        on latest.customer_id = rhythms.customer_id
        and latest.product_id = rhythms.product_id
        and latest.order_id = rhythms.order_id
)

{{ occasions('replenishment', 'found', at_least='arms.threshold') }}
