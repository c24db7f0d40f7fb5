{{ price_blocks('day') }}
