{{ as_of(ref('stg_elexon__indgen'), ['settlement_date', 'settlement_period', 'boundary'], ['start_at', 'generation_mw'], at='start_at', horizon_hours=var('horizon_hours')) }}
