-- Rendered from loaders/sources/openshift/datasets/pod_usage_daily.yml; change that and run `task render`.
{{ config(event_time='interval_start_at') }}
select
    source_uuid,
    interval_start_at,
    namespace,
    pod,
    node,
    resource_id,
    node_role,
    pod_usage_cpu_core_seconds,
    pod_request_cpu_core_seconds,
    pod_effective_usage_cpu_core_seconds,
    pod_limit_cpu_core_seconds,
    pod_usage_memory_byte_seconds,
    pod_request_memory_byte_seconds,
    pod_effective_usage_memory_byte_seconds,
    pod_limit_memory_byte_seconds,
    node_hours,
    node_capacity_cpu_cores,
    node_capacity_cpu_core_seconds,
    node_capacity_memory_bytes,
    node_capacity_memory_byte_seconds,
    pod_labels
from {{ source('openshift', 'pod_usage_daily') }}
