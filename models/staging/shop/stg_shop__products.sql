select
    id as product_id,
    title,
    description,
    link as product_url,
    nullif(trim(image_link), '') as image_url,
    -- Vendors write "in stock" and "in_stock"; preorder and backorder cannot be shipped, so they are not in stock.
    lower(replace(trim(availability), ' ', '_')) = 'in_stock' as is_in_stock,
    try_cast(split_part(trim(price), ' ', 1) as decimal(18, 2)) as price_amount,
    try_cast(split_part(trim(sale_price), ' ', 1) as decimal(18, 2)) as sale_price_amount,
    case
        when try_cast(split_part(trim(price), ' ', 1) as decimal(18, 2)) is not null
            then upper(nullif(split_part(trim(price), ' ', 2), ''))
    end as currency,
    nullif(trim(product_type), '') as category,
    nullif(trim(brand), '') as brand,
    nullif(trim(item_group_id), '') as item_group_id,
    source_file,
    source_line,
    extract_date,
    load_id
from {{ known('shop', 'products') }}
