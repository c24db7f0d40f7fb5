-- What a month costs is spread evenly over its days: a day has a part of a node's, a claim's or a project's month. What is borne
-- together is borne by effective usage: all shares of a node, with that of what no pod takes, are one node.
{% set days = "cast(" ~ days_in_month('billed.usage_date') ~ " as " ~ type_double() ~ ")" %}

with capacities as (
    select
        used.source_uuid,
        used.usage_date,
        used.namespace,
        used.node,
        coalesce(used.share_of_node, 0) as share_of_node,
        coalesce(used.share_of_cluster, 0) as share_of_cluster,
        nodes.hours,
        coalesce(nodes.capacity_cpu_cores, 0) as cores,
        nodes.cluster_capacity_cpu_core_hours,
        nodes.node_labels
    from {{ ref('int_namespace_node_daily') }} as used
    inner join {{ ref('int_node_day') }} as nodes
        on nodes.source_uuid = used.source_uuid
        and nodes.usage_date = used.usage_date
        and nodes.node = used.node
),

projects as (
    select used.source_uuid, used.usage_date, used.namespace, used.node, 1.0 / projects.nodes as share, projects.namespace_labels
    from {{ ref('int_namespace_node_daily') }} as used
    inner join {{ ref('int_project_day') }} as projects
        on projects.source_uuid = used.source_uuid
        and projects.usage_date = used.usage_date
        and projects.namespace = used.namespace
),

-- A claim costs its rate once a day, however many rows it stands in: each row has its part.
volumes as (
    select
        source_uuid,
        usage_date,
        namespace,
        node,
        volume_labels,
        persistentvolumeclaim_usage_gib_months,
        volume_request_storage_gib_months,
        case when persistentvolumeclaim <> '' then 1.0 / count(*) over (
            partition by source_uuid, usage_date, namespace, persistentvolumeclaim
        ) else 0 end as claims
    from {{ ref('int_volume_usage_daily') }}
),

quantities as (
{% for relation, labels in [(ref('int_pod_usage_daily'), 'billed.pod_labels'), (ref('int_unallocated_daily'), "'{}'")] %}
{{ billed_quantities(relation, 'Pod', labels, {
    'cpu_core_usage_per_hour': 'billed.pod_usage_cpu_core_hours',
    'cpu_core_request_per_hour': 'billed.pod_request_cpu_core_hours',
    'cpu_core_effective_usage_per_hour': 'billed.pod_effective_usage_cpu_core_hours',
    'memory_gb_usage_per_hour': 'billed.pod_usage_memory_gib_hours',
    'memory_gb_request_per_hour': 'billed.pod_request_memory_gib_hours',
    'memory_gb_effective_usage_per_hour': 'billed.pod_effective_usage_memory_gib_hours',
}) }}
union all
{% endfor %}
{{ billed_quantities('capacities', 'Pod', 'billed.node_labels', {
    'node_cost_per_month': 'billed.share_of_node / ' ~ days,
    'node_core_cost_per_month': 'billed.share_of_node * billed.cores / ' ~ days,
    'node_core_cost_per_hour': 'billed.share_of_node * billed.cores * billed.hours',
}) }}
union all
{{ billed_quantities('capacities', 'Pod', "'{}'", {
    'cluster_cost_per_month': 'billed.share_of_cluster / ' ~ days,
    'cluster_cost_per_hour': 'billed.share_of_cluster * billed.hours',
    'cluster_core_cost_per_hour': 'billed.share_of_cluster * billed.cluster_capacity_cpu_core_hours',
}) }}
union all
{{ billed_quantities('projects', 'Pod', 'billed.namespace_labels', {'project_per_month': 'billed.share / ' ~ days}) }}
union all
{{ billed_quantities('volumes', 'Storage', 'billed.volume_labels', {
    'storage_gb_usage_per_month': 'billed.persistentvolumeclaim_usage_gib_months',
    'storage_gb_request_per_month': 'billed.volume_request_storage_gib_months',
    'pvc_cost_per_month': 'billed.claims / ' ~ days,
}) }}
)

select source_uuid, usage_date, data_source, namespace, node, labels, metric, sum(quantity) as quantity
from quantities
group by source_uuid, usage_date, data_source, namespace, node, labels, metric
