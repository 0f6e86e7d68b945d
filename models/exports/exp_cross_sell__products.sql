{{ recommended_products('cross_sell') }}
