-- Rendered from loaders/sources/spp/datasets/da_mcp.yml; change that and run `task render`.
{{ select_if_loaded(source('spp', 'da_mcp'), {
    'market': 'string',
    'run': 'string',
    'region': 'string',
    'interval_start_at': 'timestamp',
    'interval_end_at': 'timestamp',
    'interval_minutes': 'integer',
    'delivery_date': 'date',
    'hour_label': 'string',
    'reg_up_usd_per_mw': 'double',
    'reg_down_usd_per_mw': 'double',
    'spin_usd_per_mw': 'double',
    'supplemental_usd_per_mw': 'double',
    'ramp_up_usd_per_mw': 'double',
    'ramp_down_usd_per_mw': 'double',
    'uncertainty_up_usd_per_mw': 'double',
    'source_file': 'string',
    'source_sha256': 'string'
}) }}
