-- Rendered from loaders/sources/spp/datasets/hourly_load_by_zone.yml; change that and run `task render`.
{{ select_if_loaded(source('spp', 'hourly_load_by_zone'), {
    'series': 'string',
    'balancing_area': 'string',
    'area': 'string',
    'area_type': 'string',
    'interval_start_at': 'timestamp',
    'interval_end_at': 'timestamp',
    'interval_minutes': 'integer',
    'delivery_date': 'date',
    'hour_label': 'string',
    'mw': 'double',
    'source_file': 'string',
    'source_sha256': 'string'
}) }}
