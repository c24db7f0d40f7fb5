{{ latest(ref('stg_elexon__imbalngc'), ['settlement_date', 'settlement_period', 'boundary'], ['start_at', 'imbalance_mw']) }}
