{{ daily_batches() }}
{% set labelled = ['source_uuid', 'usage_date', 'namespace', 'node', 'persistentvolume_labels', 'persistentvolumeclaim_labels'] %}
{% set months = "(86400.0 * volumes.days_in_month)" %}

-- The pod report says where a pod ran. A pod that moved within the day stands for a row on each of its nodes.
with places as (
    select source_uuid, usage_date, namespace, pod, node, max({{ byte_order('resource_id') }}) as resource_id
    from {{ ref('int_pod_day') }}
    group by source_uuid, usage_date, namespace, pod, node
),

hours as (
    select
        source_uuid,
        {{ utc_date('interval_start_at') }} as usage_date,
        namespace,
        pod,
        persistentvolumeclaim,
        persistentvolume,
        storageclass,
        csi_volume_handle,
        coalesce(persistentvolume_labels, '') as persistentvolume_labels,
        coalesce(persistentvolumeclaim_labels, '') as persistentvolumeclaim_labels,
        persistentvolumeclaim_capacity_bytes,
        persistentvolumeclaim_capacity_byte_seconds,
        volume_request_storage_byte_seconds,
        persistentvolumeclaim_usage_byte_seconds
    from {{ ref('stg_openshift__storage_usage') }}
),

volumes as (
    select
        hours.*,
        {{ days_in_month('hours.usage_date') }} as days_in_month,
        places.node,
        places.resource_id
    from hours
    left join places
        on places.source_uuid = hours.source_uuid
        and places.usage_date = hours.usage_date
        and places.namespace = hours.namespace
        and places.pod = hours.pod
),

-- A volume that several nodes mount is requested and used once, so each has its share.
shared as (
    select
        source_uuid,
        usage_date,
        persistentvolume,
        greatest(1, count(distinct node)) as nodes
    from volumes
    group by source_uuid, usage_date, persistentvolume
),

{{ labels_in_their_place('volumes', labelled, ['persistentvolume_labels', 'persistentvolumeclaim_labels'], ref('int_volume_label')) }}

select
    volumes.source_uuid,
    volumes.usage_date,
    volumes.namespace,
    volumes.node,
    volumes.resource_id,
    volumes.persistentvolumeclaim,
    volumes.persistentvolume,
    volumes.storageclass,
    volumes.csi_volume_handle,
    coalesce(merged.labels, '{}') as volume_labels,
    {{ gib('max(volumes.persistentvolumeclaim_capacity_bytes)') }} as persistentvolumeclaim_capacity_gib,
    {{ gib('sum(volumes.persistentvolumeclaim_capacity_byte_seconds / ' ~ months ~ ')') }}
        as persistentvolumeclaim_capacity_gib_months,
    {{ gib('sum(volumes.volume_request_storage_byte_seconds / ' ~ months ~ ' / shared.nodes)') }}
        as volume_request_storage_gib_months,
    {{ gib('sum(volumes.persistentvolumeclaim_usage_byte_seconds / ' ~ months ~ ' / shared.nodes)') }}
        as persistentvolumeclaim_usage_gib_months
from volumes
inner join shared
    on shared.source_uuid = volumes.source_uuid
    and shared.usage_date = volumes.usage_date
    and shared.persistentvolume = volumes.persistentvolume
left join merged
    on {% for column in labelled %}{{ "coalesce(merged.node, '') = coalesce(volumes.node, '')" if column == 'node' else 'merged.' ~ column ~ ' = volumes.' ~ column }}{{ '\n    and ' if not loop.last }}{% endfor %}
group by
    volumes.source_uuid, volumes.usage_date, volumes.namespace, volumes.node, volumes.resource_id,
    volumes.persistentvolumeclaim, volumes.persistentvolume, volumes.storageclass, volumes.csi_volume_handle,
    coalesce(merged.labels, '{}')
