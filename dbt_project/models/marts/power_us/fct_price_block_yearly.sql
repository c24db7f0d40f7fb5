{{ price_blocks('year') }}
