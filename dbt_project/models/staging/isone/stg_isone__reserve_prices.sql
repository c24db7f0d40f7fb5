-- Rendered from loaders/sources/isone/datasets/reserve_prices.yml; change that and run `task render`.
{{ select_if_loaded(source('isone', 'reserve_prices'), {
    'market': 'string',
    'run': 'string',
    'region': 'string',
    'area_id': 'string',
    'interval_start_at': 'timestamp',
    'interval_end_at': 'timestamp',
    'interval_minutes': 'integer',
    'delivery_date': 'date',
    'hour_label': 'string',
    'spin_requirement_mw': 'double',
    'ten_minute_requirement_mw': 'double',
    'total_requirement_mw': 'double',
    'spin_usd_per_mw': 'double',
    'non_spin_usd_per_mw': 'double',
    'operating_30_usd_per_mw': 'double',
    'source_file': 'string',
    'source_sha256': 'string'
}) }}
