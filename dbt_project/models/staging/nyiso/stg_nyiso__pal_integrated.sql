-- Rendered from loaders/sources/nyiso/datasets/pal_integrated.yml; change that and run `task render`.
{{ select_if_loaded(source('nyiso', 'pal_integrated'), {
    'series': 'string',
    'area': 'string',
    'area_id': 'string',
    'interval_start_at': 'timestamp',
    'interval_end_at': 'timestamp',
    'interval_minutes': 'integer',
    'delivery_date': 'date',
    'hour_label': 'string',
    'mw': 'double',
    'source_file': 'string',
    'source_sha256': 'string'
}) }}
