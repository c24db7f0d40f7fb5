-- Rendered from loaders/sources/openshift/datasets/namespace_labels.yml; change that and run `task render`.
{{ config(event_time='interval_start_at') }}
select
    source_uuid,
    interval_start_at,
    namespace,
    namespace_labels,
    row_hash,
    occurrence
from {{ source('openshift', 'namespace_labels') }}
