-- A row counts for each of its labels, so tags do not add up to the cluster. Label texts are taken apart once each.
with texts as (
    select distinct pod_labels as label_text from {{ ref('int_pod_usage_daily') }}
),

tags as (
    {{ label_entries('texts') }}
)

select
    used.source_uuid,
    clusters.cluster_id,
    clusters.cluster_alias,
    used.usage_date,
    tags.label_key,
    tags.label_value,
    count(distinct used.node) as nodes,
    sum(used.pods) as pods,
    {{- summed_pod_hours() }},
    max(used.cluster_capacity_cpu_core_hours) as cluster_capacity_cpu_core_hours,
    max(used.cluster_capacity_memory_gib_hours) as cluster_capacity_memory_gib_hours
from {{ ref('int_pod_usage_daily') }} as used
inner join tags on tags.label_text = used.pod_labels
inner join {{ ref('int_cluster') }} as clusters on clusters.source_uuid = used.source_uuid
where used.namespace not in {{ unallocated_namespaces() }}
group by
    used.source_uuid, clusters.cluster_id, clusters.cluster_alias, used.usage_date, tags.label_key, tags.label_value
