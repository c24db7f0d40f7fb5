-- Rendered from loaders/sources/pjm/datasets/hrl_load_metered.yml; change that and run `task render`.
{{ select_if_loaded(source('pjm', 'hrl_load_metered'), {
    'series': 'string',
    'area': 'string',
    'zone': 'string',
    'interval_start_at': 'timestamp',
    'interval_end_at': 'timestamp',
    'interval_minutes': 'integer',
    'delivery_date': 'date',
    'hour_label': 'string',
    'mw': 'double',
    'is_verified': 'boolean',
    'source_file': 'string',
    'source_sha256': 'string'
}) }}
