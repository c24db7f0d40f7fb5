-- Rendered from loaders/sources/isone/datasets/rt_lmp.yml; change that and run `task render`.
{{ select_if_loaded(source('isone', 'rt_lmp'), {
    'market': 'string',
    'run': 'string',
    'location_id': 'string',
    'location_name': 'string',
    'location_type': 'string',
    'interval_start_at': 'timestamp',
    'interval_end_at': 'timestamp',
    'interval_minutes': 'integer',
    'delivery_date': 'date',
    'hour_label': 'string',
    'lmp_usd_per_mwh': 'double',
    'energy_usd_per_mwh': 'double',
    'congestion_usd_per_mwh': 'double',
    'loss_usd_per_mwh': 'double',
    'source_file': 'string',
    'source_sha256': 'string'
}) }}
