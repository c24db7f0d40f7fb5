-- Rendered from loaders/sources/nyiso/datasets/interface_flows.yml; change that and run `task render`.
{{ select_if_loaded(source('nyiso', 'interface_flows'), {
    'interface': 'string',
    'interface_id': 'string',
    'interval_start_at': 'timestamp',
    'interval_end_at': 'timestamp',
    'interval_minutes': 'integer',
    'delivery_date': 'date',
    'hour_label': 'string',
    'flow_mw': 'double',
    'positive_limit_mw': 'double',
    'negative_limit_mw': 'double',
    'source_file': 'string',
    'source_sha256': 'string'
}) }}
