{{ price_statistics(period='year') }}
