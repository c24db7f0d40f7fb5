-- Rendered from loaders/sources/openshift/datasets/storage_usage.yml; change that and run `task render`.
{{ config(event_time='interval_start_at') }}
select
    source_uuid,
    interval_start_at,
    namespace,
    pod,
    persistentvolumeclaim,
    persistentvolume,
    storageclass,
    csi_volume_handle,
    persistentvolumeclaim_capacity_bytes,
    persistentvolumeclaim_capacity_byte_seconds,
    volume_request_storage_byte_seconds,
    persistentvolumeclaim_usage_byte_seconds,
    persistentvolume_labels,
    persistentvolumeclaim_labels
from {{ source('openshift', 'storage_usage') }}
