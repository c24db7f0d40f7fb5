-- Rendered from loaders/sources/pjm/datasets/load_frcstd_7_day.yml; change that and run `task render`.
{{ select_if_loaded(source('pjm', 'load_frcstd_7_day'), {
    'series': 'string',
    'area': 'string',
    'published_at': 'timestamp',
    'interval_start_at': 'timestamp',
    'interval_end_at': 'timestamp',
    'interval_minutes': 'integer',
    'delivery_date': 'date',
    'hour_label': 'string',
    'mw': 'double',
    'source_file': 'string',
    'source_sha256': 'string'
}) }}
