{{ as_of(ref('stg_elexon__windfor'), ['start_at'], ['generation_mw'], at='start_at', horizon_hours=var('horizon_hours')) }}
