-- What pods hold of a node or a cluster is repeated on their rows: a maximum here, never a sum.
select
    used.source_uuid,
    clusters.cluster_id,
    clusters.cluster_alias,
    used.usage_date,
    count(distinct used.node) as nodes,
    sum(used.pods) as pods,
    {{- summed_pod_hours() }},
    max(used.cluster_capacity_cpu_core_hours) as cluster_capacity_cpu_core_hours,
    max(used.cluster_capacity_memory_gib_hours) as cluster_capacity_memory_gib_hours
from {{ ref('int_pod_usage_daily') }} as used
inner join {{ ref('int_cluster') }} as clusters on clusters.source_uuid = used.source_uuid
where used.namespace not in {{ unallocated_namespaces() }}
group by used.source_uuid, clusters.cluster_id, clusters.cluster_alias, used.usage_date
