{{ as_of(ref('stg_elexon__imbalngc'), ['settlement_date', 'settlement_period', 'boundary'], ['start_at', 'imbalance_mw'], at='start_at', horizon_hours=var('horizon_hours')) }}
