{{ price_blocks('month') }}
