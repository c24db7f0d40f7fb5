{{ latest(ref('stg_elexon__windfor'), ['start_at'], ['generation_mw']) }}
