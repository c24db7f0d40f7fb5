-- A view: the months are stored below it, and names are what they are today.
{{ config(materialized='view') }}

with categories as (
    {{ namespace_categories(ref('int_volume_usage_daily')) }}
)

select
    volumes.source_uuid,
    coalesce(clusters.cluster_id, volumes.source_uuid) as cluster_id,
    coalesce(clusters.cluster_alias, volumes.source_uuid) as cluster_alias,
    volumes.usage_date,
    volumes.namespace,
    volumes.node,
    volumes.resource_id,
    volumes.persistentvolumeclaim,
    volumes.persistentvolume,
    volumes.storageclass,
    volumes.csi_volume_handle,
    categories.category as cost_category,
    volumes.volume_labels,
    volumes.volume_labels as all_labels,
    volumes.persistentvolumeclaim_capacity_gib,
    volumes.persistentvolumeclaim_capacity_gib_months,
    volumes.volume_request_storage_gib_months,
    volumes.persistentvolumeclaim_usage_gib_months
from {{ ref('int_volume_usage_daily') }} as volumes
left join {{ ref('int_cluster') }} as clusters on clusters.source_uuid = volumes.source_uuid
left join categories on categories.namespace = volumes.namespace
