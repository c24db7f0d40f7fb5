-- Rendered from loaders/sources/miso/datasets/asm_expost_damcp.yml; change that and run `task render`.
{{ select_if_loaded(source('miso', 'asm_expost_damcp'), {
    'market': 'string',
    'run': 'string',
    'region': 'string',
    'region_type': 'string',
    'product': 'string',
    'interval_start_at': 'timestamp',
    'interval_end_at': 'timestamp',
    'interval_minutes': 'integer',
    'delivery_date': 'date',
    'hour_label': 'string',
    'as_price_usd_per_mw': 'double',
    'source_file': 'string',
    'source_sha256': 'string'
}) }}
