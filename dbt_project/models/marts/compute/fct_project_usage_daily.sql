-- What pods hold of a node or a cluster is repeated on their rows: a maximum here, never a sum.
select
    pods.source_uuid,
    clusters.cluster_id,
    clusters.cluster_alias,
    pods.usage_date,
    pods.namespace,
    count(distinct pods.node) as nodes,
    sum(pods.pods) as pods,
    {{- summed_pod_hours() }},
    max(pods.cluster_capacity_cpu_core_hours) as cluster_capacity_cpu_core_hours,
    max(pods.cluster_capacity_memory_gib_hours) as cluster_capacity_memory_gib_hours
from {{ ref('int_pod_usage_daily') }} as pods
inner join {{ ref('int_cluster') }} as clusters on clusters.source_uuid = pods.source_uuid
where pods.namespace not in {{ unallocated_namespaces() }}
group by pods.source_uuid, clusters.cluster_id, clusters.cluster_alias, pods.usage_date, pods.namespace
