{{ latest(ref('stg_elexon__lolpdrm'), ['settlement_date', 'settlement_period'], ['start_at', 'loss_of_load_probability', 'derated_margin_mw']) }}
