-- What pods hold of a node or a cluster is repeated on their rows: a maximum here, never a sum.
select
    pods.source_uuid,
    clusters.cluster_id,
    clusters.cluster_alias,
    pods.usage_date,
    pods.node,
    max({{ byte_order('pods.resource_id') }}) as resource_id,
    count(distinct pods.namespace) as namespaces,
    sum(pods.pods) as pods,
    {{- summed_pod_hours() }},
    max(pods.node_capacity_cpu_cores) as node_capacity_cpu_cores,
    max(pods.node_capacity_cpu_core_hours) as node_capacity_cpu_core_hours,
    max(pods.node_capacity_memory_gib) as node_capacity_memory_gib,
    max(pods.node_capacity_memory_gib_hours) as node_capacity_memory_gib_hours,
    max(pods.cluster_capacity_cpu_core_hours) as cluster_capacity_cpu_core_hours,
    max(pods.cluster_capacity_memory_gib_hours) as cluster_capacity_memory_gib_hours
from {{ ref('int_pod_usage_daily') }} as pods
inner join {{ ref('int_cluster') }} as clusters on clusters.source_uuid = pods.source_uuid
where pods.namespace not in {{ unallocated_namespaces() }}
group by pods.source_uuid, clusters.cluster_id, clusters.cluster_alias, pods.usage_date, pods.node
