-- Rendered from loaders/sources/isone/datasets/gen_fuel_mix.yml; change that and run `task render`.
{{ select_if_loaded(source('isone', 'gen_fuel_mix'), {
    'area': 'string',
    'fuel': 'string',
    'fuel_rollup': 'string',
    'interval_start_at': 'timestamp',
    'interval_end_at': 'timestamp',
    'interval_minutes': 'integer',
    'delivery_date': 'date',
    'hour_label': 'string',
    'mw': 'double',
    'is_marginal': 'string',
    'source_file': 'string',
    'source_sha256': 'string'
}) }}
