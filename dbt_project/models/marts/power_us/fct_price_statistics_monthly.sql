{{ hourly_price_statistics('month') }}
