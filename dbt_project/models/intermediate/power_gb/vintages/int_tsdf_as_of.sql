{{ as_of(ref('stg_elexon__tsdf'), ['settlement_date', 'settlement_period', 'boundary'], ['start_at', 'demand_mw'], at='start_at', horizon_hours=var('horizon_hours')) }}
