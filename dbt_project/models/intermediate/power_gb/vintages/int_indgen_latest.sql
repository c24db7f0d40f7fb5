{{ latest(ref('stg_elexon__indgen'), ['settlement_date', 'settlement_period', 'boundary'], ['start_at', 'generation_mw']) }}
