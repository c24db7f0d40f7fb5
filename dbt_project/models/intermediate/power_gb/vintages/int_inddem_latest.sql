{{ latest(ref('stg_elexon__inddem'), ['settlement_date', 'settlement_period', 'boundary'], ['start_at', 'demand_mw']) }}
