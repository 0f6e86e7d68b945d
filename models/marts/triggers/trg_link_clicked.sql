with clicks as (
    select *
    from {{ ref('fct_email_events') }}
    where event_type = 'click' and customer_id is not null and occurred_at > {{ kept_since('link_clicked') }}
),

first_clicks as (
    select
        clicks.customer_id,
        clicks.node_id,
        links.link_name,
        cast(clicks.occurred_at as date) as clicked_on,
        min(clicks.occurred_at) as clicked_at
    from clicks
    inner join {{ ref('named_links') }} as links
        on (links.part = 'start' and left(clicks.url, length(links.url_text)) = links.url_text)
        or (links.part = 'end' and right(clicks.url, length(links.url_text)) = links.url_text)
    group by clicks.customer_id, clicks.node_id, links.link_name, cast(clicks.occurred_at as date)
),

next_sales as (
    select
        first_clicks.node_id,
        first_clicks.link_name,
        first_clicks.clicked_on,
        min(orders.ordered_at) as ordered_at
    from first_clicks
    inner join {{ ref('fct_orders') }} as orders
        on first_clicks.customer_id = orders.customer_id and first_clicks.clicked_at <= orders.ordered_at
    where orders.order_kind = 'sale'
    group by first_clicks.node_id, first_clicks.link_name, first_clicks.clicked_on
),

found as (
    select
        'click:' || first_clicks.link_name || ':' || md5(first_clicks.node_id) || ':' || cast(first_clicks.clicked_on as string)
            as occasion_id,
        first_clicks.customer_id,
        first_clicks.link_name as subject_id,
        first_clicks.clicked_at as occurred_at,
        next_sales.ordered_at as fulfilled_at,
        {{ json_text({
            'trigger': "'link_clicked'",
            'link_name': 'first_clicks.link_name',
            'clicked_at': 'cast(first_clicks.clicked_at as string)',
        }) }} as evidence
    from first_clicks
    left join next_sales
        on first_clicks.node_id = next_sales.node_id
        and first_clicks.link_name = next_sales.link_name
        and first_clicks.clicked_on = next_sales.clicked_on
)

{{ occasions('link_clicked', 'found') }}
