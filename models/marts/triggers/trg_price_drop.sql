{{ viewed_product_occasions('price_drop', 'price_drop', undone_by='price_rise', at_least='arms.threshold') }}
