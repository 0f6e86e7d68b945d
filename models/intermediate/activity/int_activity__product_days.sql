{{ config(materialized='view') }}

select
    product_id,
    least(price_amount, coalesce(sale_price_amount, price_amount)) as price_amount,
    currency,
    is_in_stock,
    extract_date as observed_on
from {{ ref('stg_shop__products') }}
qualify row_number() over (
    partition by product_id, extract_date
    order by source_file desc nulls last, source_line desc nulls last
) = 1
