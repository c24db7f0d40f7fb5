-- Rendered from loaders/sources/pjm/datasets/inst_load.yml; change that and run `task render`.
{{ select_if_loaded(source('pjm', 'inst_load'), {
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
