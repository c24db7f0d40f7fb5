{{ latest(ref('stg_elexon__melngc'), ['settlement_date', 'settlement_period', 'boundary'], ['start_at', 'margin_mw']) }}
