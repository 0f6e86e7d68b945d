{{ recommended_products('welcome') }}
