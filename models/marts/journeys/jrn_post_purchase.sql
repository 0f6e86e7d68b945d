{{ journey('post_purchase') }}
