{{ recommended_products('second_offer') }}
