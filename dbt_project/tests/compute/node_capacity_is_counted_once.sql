-- What pods take and what is unallocated is what the nodes offer, and the nodes are what the cluster offers: no sum counts twice.
with nodes as (
    select
        source_uuid,
        usage_date,
        node,
        sum(pod_usage_cpu_core_hours) as taken_cpu_core_hours,
        max(node_capacity_cpu_core_hours) as node_capacity_cpu_core_hours,
        max(cluster_capacity_cpu_core_hours) as cluster_capacity_cpu_core_hours
    from {{ ref('fct_pod_usage_daily') }}
    group by source_uuid, usage_date, node
),

clusters as (
    select
        source_uuid,
        usage_date,
        max(abs(taken_cpu_core_hours - node_capacity_cpu_core_hours)) as missing_cpu_core_hours,
        sum(node_capacity_cpu_core_hours) as nodes_cpu_core_hours,
        max(cluster_capacity_cpu_core_hours) as cluster_capacity_cpu_core_hours
    from nodes
    group by source_uuid, usage_date
)

select source_uuid, usage_date, missing_cpu_core_hours, nodes_cpu_core_hours, cluster_capacity_cpu_core_hours
from clusters
where missing_cpu_core_hours > 0.000000001 * (1 + cluster_capacity_cpu_core_hours)
    or nodes_cpu_core_hours > cluster_capacity_cpu_core_hours * 1.000000001
