{{ as_of(ref('stg_elexon__lolpdrm'), ['settlement_date', 'settlement_period'], ['start_at', 'loss_of_load_probability', 'derated_margin_mw'], at='start_at', horizon_hours=var('horizon_hours')) }}
