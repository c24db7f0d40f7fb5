-- Rendered from loaders/sources/pjm/datasets/wind_gen.yml; change that and run `task render`.
{{ select_if_loaded(source('pjm', 'wind_gen'), {
    'area': 'string',
    'fuel': 'string',
    'interval_start_at': 'timestamp',
    'interval_end_at': 'timestamp',
    'interval_minutes': 'integer',
    'delivery_date': 'date',
    'hour_label': 'string',
    'mw': 'double',
    'source_file': 'string',
    'source_sha256': 'string'
}) }}
