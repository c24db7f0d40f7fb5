-- What pods hold of a node or a cluster is repeated on their rows: a maximum here, never a sum.
select
    used.source_uuid,
    clusters.cluster_id,
    clusters.cluster_alias,
    used.usage_date,
    used.node,
    max({{ byte_order('used.resource_id') }}) as resource_id,
    count(distinct used.namespace) as namespaces,
    sum(used.pods) as pods,
    {{- summed_pod_hours() }},
    max(used.node_capacity_cpu_cores) as node_capacity_cpu_cores,
    max(used.node_capacity_cpu_core_hours) as node_capacity_cpu_core_hours,
    max(used.node_capacity_memory_gib) as node_capacity_memory_gib,
    max(used.node_capacity_memory_gib_hours) as node_capacity_memory_gib_hours,
    max(used.cluster_capacity_cpu_core_hours) as cluster_capacity_cpu_core_hours,
    max(used.cluster_capacity_memory_gib_hours) as cluster_capacity_memory_gib_hours
from {{ ref('int_pod_usage_daily') }} as used
inner join {{ ref('int_cluster') }} as clusters on clusters.source_uuid = used.source_uuid
where used.namespace not in {{ unallocated_namespaces() }}
group by used.source_uuid, clusters.cluster_id, clusters.cluster_alias, used.usage_date, used.node
