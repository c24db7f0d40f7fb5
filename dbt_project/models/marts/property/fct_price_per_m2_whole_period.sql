{{ price_statistics() }}
