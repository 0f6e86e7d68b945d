{{ config(materialized='view') }}

with latest_feed as (
    select *
    from {{ ref('stg_shop__products') }}
    where extract_date = (select max(extract_date) from {{ ref('stg_shop__products') }})
)

select
    product_id,
    title,
    description,
    product_url,
    image_url,
    price_amount,
    sale_price_amount,
    currency,
    is_in_stock,
    category,
    brand,
    item_group_id,
    extract_date as observed_on
from latest_feed
qualify row_number() over (
    partition by product_id
    order by source_file desc nulls last, source_line desc nulls last
) = 1
