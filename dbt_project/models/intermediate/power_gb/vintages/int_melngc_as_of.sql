{{ as_of(ref('stg_elexon__melngc'), ['settlement_date', 'settlement_period', 'boundary'], ['start_at', 'margin_mw'], at='start_at', horizon_hours=var('horizon_hours')) }}
