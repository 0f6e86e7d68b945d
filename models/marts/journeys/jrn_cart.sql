{{ journey('cart') }}
