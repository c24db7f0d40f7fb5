-- Rendered from loaders/sources/isone/datasets/hourly_load_forecast.yml; change that and run `task render`.
{{ select_if_loaded(source('isone', 'hourly_load_forecast'), {
    'series': 'string',
    'area': 'string',
    'published_at': 'timestamp',
    'interval_start_at': 'timestamp',
    'interval_end_at': 'timestamp',
    'interval_minutes': 'integer',
    'delivery_date': 'date',
    'hour_label': 'string',
    'mw': 'double',
    'net_load_mw': 'double',
    'source_file': 'string',
    'source_sha256': 'string'
}) }}
