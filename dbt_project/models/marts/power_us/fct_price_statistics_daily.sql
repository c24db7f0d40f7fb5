{{ hourly_price_statistics('day') }}
