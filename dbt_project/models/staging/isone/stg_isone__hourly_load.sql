-- Rendered from loaders/sources/isone/datasets/hourly_load.yml; change that and run `task render`.
{{ select_if_loaded(source('isone', 'hourly_load'), {
    'series': 'string',
    'area': 'string',
    'area_id': 'string',
    'interval_start_at': 'timestamp',
    'interval_end_at': 'timestamp',
    'interval_minutes': 'integer',
    'delivery_date': 'date',
    'hour_label': 'string',
    'mw': 'double',
    'native_load_mw': 'double',
    'dispatchable_demand_mw': 'double',
    'source_file': 'string',
    'source_sha256': 'string'
}) }}
