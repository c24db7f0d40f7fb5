-- Rendered from loaders/sources/ercot/datasets/dam_as_cleared.yml; change that and run `task render`.
{{ select_if_loaded(source('ercot', 'dam_as_cleared'), {
    'market': 'string',
    'run': 'string',
    'region': 'string',
    'product': 'string',
    'interval_start_at': 'timestamp',
    'interval_end_at': 'timestamp',
    'interval_minutes': 'integer',
    'delivery_date': 'date',
    'hour_label': 'string',
    'cleared_mw': 'double',
    'source_file': 'string',
    'source_sha256': 'string'
}) }}
