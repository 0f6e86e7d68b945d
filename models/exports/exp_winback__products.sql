{{ recommended_products('winback') }}
