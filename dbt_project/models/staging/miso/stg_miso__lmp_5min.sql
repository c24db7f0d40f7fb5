-- Rendered from loaders/sources/miso/datasets/lmp_5min.yml; change that and run `task render`.
{{ select_if_loaded(source('miso', 'lmp_5min'), {
    'market': 'string',
    'run': 'string',
    'location_id': 'string',
    'interval_start_at': 'timestamp',
    'interval_end_at': 'timestamp',
    'interval_minutes': 'integer',
    'delivery_date': 'date',
    'hour_label': 'string',
    'lmp_usd_per_mwh': 'double',
    'congestion_usd_per_mwh': 'double',
    'loss_usd_per_mwh': 'double',
    'source_file': 'string',
    'source_sha256': 'string'
}) }}
