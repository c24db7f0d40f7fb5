-- Rendered from loaders/sources/miso/datasets/rt_lmp_final.yml; change that and run `task render`.
{{ select_if_loaded(source('miso', 'rt_lmp_final'), {
    'market': 'string',
    'run': 'string',
    'location_id': 'string',
    'location_type': 'string',
    'component': 'string',
    'interval_start_at': 'timestamp',
    'interval_end_at': 'timestamp',
    'interval_minutes': 'integer',
    'delivery_date': 'date',
    'hour_label': 'string',
    'price_usd_per_mwh': 'double',
    'source_file': 'string',
    'source_sha256': 'string'
}) }}
