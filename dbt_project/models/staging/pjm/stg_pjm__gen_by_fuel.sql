-- Rendered from loaders/sources/pjm/datasets/gen_by_fuel.yml; change that and run `task render`.
{{ select_if_loaded(source('pjm', 'gen_by_fuel'), {
    'area': 'string',
    'fuel': 'string',
    'interval_start_at': 'timestamp',
    'interval_end_at': 'timestamp',
    'interval_minutes': 'integer',
    'delivery_date': 'date',
    'hour_label': 'string',
    'mw': 'double',
    'fuel_share': 'double',
    'is_renewable': 'boolean',
    'source_file': 'string',
    'source_sha256': 'string'
}) }}
