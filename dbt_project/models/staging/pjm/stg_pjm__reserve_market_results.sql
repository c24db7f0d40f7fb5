-- Rendered from loaders/sources/pjm/datasets/reserve_market_results.yml; change that and run `task render`.
{{ select_if_loaded(source('pjm', 'reserve_market_results'), {
    'market': 'string',
    'run': 'string',
    'region': 'string',
    'product': 'string',
    'interval_start_at': 'timestamp',
    'interval_end_at': 'timestamp',
    'interval_minutes': 'integer',
    'delivery_date': 'date',
    'hour_label': 'string',
    'as_price_usd_per_mw': 'double',
    'as_price_capped_usd_per_mw': 'double',
    'requirement_mw': 'double',
    'cleared_mw': 'double',
    'source_file': 'string',
    'source_sha256': 'string'
}) }}
