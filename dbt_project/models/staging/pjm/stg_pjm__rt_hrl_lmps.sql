-- Rendered from loaders/sources/pjm/datasets/rt_hrl_lmps.yml; change that and run `task render`.
{{ select_if_loaded(source('pjm', 'rt_hrl_lmps'), {
    'market': 'string',
    'run': 'string',
    'location_id': 'string',
    'location_name': 'string',
    'location_type': 'string',
    'zone': 'string',
    'voltage': 'string',
    'equipment': 'string',
    'interval_start_at': 'timestamp',
    'interval_end_at': 'timestamp',
    'interval_minutes': 'integer',
    'delivery_date': 'date',
    'hour_label': 'string',
    'lmp_usd_per_mwh': 'double',
    'energy_usd_per_mwh': 'double',
    'congestion_usd_per_mwh': 'double',
    'loss_usd_per_mwh': 'double',
    'version_nbr': 'integer',
    'is_current': 'boolean',
    'source_file': 'string',
    'source_sha256': 'string'
}) }}
