{{ viewed_product_occasions('price_drop', 'price_drop', undone_by='price_rise', has_threshold=true) }}
