select
    product_id,
    title,
    description,
    product_url,
    image_url,
    price_amount,
    sale_price_amount,
    currency,
    coalesce(is_in_stock, false) as is_in_stock,
    category,
    brand,
    coalesce('group:' || item_group_id, 'title:' || lower(trim(title))) as product_group_id,
    observed_on
from {{ ref('int_activity__products_listed') }}
