{{ latest(ref('stg_elexon__uou2t14d'), ['forecast_date', 'national_grid_bm_unit'], ['fuel_type', 'bm_unit', 'output_usable_mw']) }}
