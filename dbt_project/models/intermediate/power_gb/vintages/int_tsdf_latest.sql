{{ latest(ref('stg_elexon__tsdf'), ['settlement_date', 'settlement_period', 'boundary'], ['start_at', 'demand_mw']) }}
