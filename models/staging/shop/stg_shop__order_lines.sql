select
    id as order_line_id,
    order_id,
    nullif(trim(product_id), '') as product_id,
    nullif(trim(sku), '') as sku,
    title,
    quantity,
    current_quantity as kept_quantity,
    price as unit_price_amount,
    coalesce(total_discount, 0) as discount_amount,
    updated_at,
    source_file,
    source_line,
    extract_date,
    load_id
from {{ known('shop', 'order_lines') }}
