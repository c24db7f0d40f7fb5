-- Rendered from loaders/sources/pjm/datasets/ancillary_services.yml; change that and run `task render`.
{{ select_if_loaded(source('pjm', 'ancillary_services'), {
    'market': 'string',
    'run': 'string',
    'region': 'string',
    'product': 'string',
    'price_unit': 'string',
    'interval_start_at': 'timestamp',
    'interval_end_at': 'timestamp',
    'interval_minutes': 'integer',
    'delivery_date': 'date',
    'hour_label': 'string',
    'as_price_usd_per_mw': 'double',
    'version_nbr': 'integer',
    'is_current': 'boolean',
    'source_file': 'string',
    'source_sha256': 'string'
}) }}
