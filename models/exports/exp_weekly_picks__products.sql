{{ recommended_products('weekly_picks') }}
