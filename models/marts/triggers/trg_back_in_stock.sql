{{ viewed_product_occasions('back_in_stock', 'back_in_stock', undone_by='out_of_stock') }}
