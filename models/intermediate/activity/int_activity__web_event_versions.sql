{{ config(materialized='view') }}

select
    event_id,
    {{ first_node({'user_id': 'user_id', 'anonymous_id': 'visitor_id'}) }} as node_id,
    visitor_id,
    case event_type
        when 'page' then 'Page Viewed'
        when 'identify' then 'Identify'
        else coalesce(event_name, event_type)
    end as event_name,
    occurred_at,
    received_at,
    page_path,
    product_id,
    cart_id,
    order_id,
    quantity,
    price_amount,
    currency,
    query,
    utm_campaign,
    utm_source,
    source_file,
    source_line,
    extract_date
from {{ ref('stg_web__events') }}
