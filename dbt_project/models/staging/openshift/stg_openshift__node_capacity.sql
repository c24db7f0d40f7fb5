-- Rendered from loaders/sources/openshift/datasets/node_capacity.yml; change that and run `task render`.
{{ config(event_time='interval_start_at') }}
select
    source_uuid,
    interval_start_at,
    node,
    node_capacity_cpu_core_seconds,
    node_capacity_memory_byte_seconds,
    source_file
from {{ source('openshift', 'node_capacity') }}
