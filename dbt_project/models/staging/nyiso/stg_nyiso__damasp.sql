-- Rendered from loaders/sources/nyiso/datasets/damasp.yml; change that and run `task render`.
{{ select_if_loaded(source('nyiso', 'damasp'), {
    'market': 'string',
    'run': 'string',
    'region': 'string',
    'area_id': 'string',
    'interval_start_at': 'timestamp',
    'interval_end_at': 'timestamp',
    'interval_minutes': 'integer',
    'delivery_date': 'date',
    'hour_label': 'string',
    'spin_usd_per_mw': 'double',
    'non_spin_usd_per_mw': 'double',
    'operating_30_usd_per_mw': 'double',
    'regulation_usd_per_mw': 'double',
    'source_file': 'string',
    'source_sha256': 'string'
}) }}
