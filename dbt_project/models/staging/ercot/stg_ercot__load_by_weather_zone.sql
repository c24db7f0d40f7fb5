-- Rendered from loaders/sources/ercot/datasets/load_by_weather_zone.yml; change that and run `task render`.
{{ select_if_loaded(source('ercot', 'load_by_weather_zone'), {
    'series': 'string',
    'area': 'string',
    'interval_start_at': 'timestamp',
    'interval_end_at': 'timestamp',
    'interval_minutes': 'integer',
    'delivery_date': 'date',
    'hour_label': 'string',
    'mw': 'double',
    'source_file': 'string',
    'source_sha256': 'string'
}) }}
