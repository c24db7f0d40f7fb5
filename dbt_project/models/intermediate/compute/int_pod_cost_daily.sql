-- A table: three marts read it. Rates are looked up anew for every day: a rate that changes, changes all days.
{{ config(materialized='table', post_hook="{{ analyse(this) }}") }}
{% set measures = ['usage', 'request', 'effective_usage'] %}
{% set per_day = "cast(" ~ days_in_month('pods.usage_date') ~ " as " ~ type_double() ~ ")" %}

with pods as (
    {%- for relation in ['int_pod_usage_daily', 'int_unallocated_daily'] %}
    select
        source_uuid,
        usage_date,
        namespace,
        node,
        {%- for measure in measures %}
        pod_{{ measure }}_cpu_core_hours,
        pod_{{ measure }}_memory_gib_hours,
        {%- endfor %}
        node_capacity_cpu_cores,
        node_capacity_cpu_core_hours,
        node_capacity_memory_gib_hours,
        cluster_capacity_cpu_core_hours,
        cluster_capacity_memory_gib_hours
    from {{ ref(relation) }}
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
),

usage_by_node as (
    select
        source_uuid,
        usage_date,
        namespace,
        node,
        {%- for measure in measures %}
        sum(pod_{{ measure }}_cpu_core_hours) as pod_{{ measure }}_cpu_core_hours,
        sum(pod_{{ measure }}_memory_gib_hours) as pod_{{ measure }}_memory_gib_hours,
        {%- endfor %}
        max(node_capacity_cpu_cores) as node_capacity_cpu_cores,
        max(node_capacity_cpu_core_hours) as node_capacity_cpu_core_hours,
        max(node_capacity_memory_gib_hours) as node_capacity_memory_gib_hours,
        max(cluster_capacity_cpu_core_hours) as cluster_capacity_cpu_core_hours,
        max(cluster_capacity_memory_gib_hours) as cluster_capacity_memory_gib_hours
    from pods
    group by source_uuid, usage_date, namespace, node
),

-- What a project's share of its node and of its cluster is, in the resource by which the cluster's costs are distributed.
shares as (
    select
        pods.*,
        clusters.distribution,
        case when clusters.distribution = 'memory' then pods.pod_effective_usage_memory_gib_hours
            else pods.pod_effective_usage_cpu_core_hours end as effective_usage,
        case when clusters.distribution = 'memory'
            then pods.pod_effective_usage_memory_gib_hours / nullif(pods.node_capacity_memory_gib_hours, 0)
            else pods.pod_effective_usage_cpu_core_hours / nullif(pods.node_capacity_cpu_core_hours, 0) end as share_of_node,
        case when clusters.distribution = 'memory'
            then pods.pod_effective_usage_memory_gib_hours / nullif(pods.cluster_capacity_memory_gib_hours, 0)
            else pods.pod_effective_usage_cpu_core_hours / nullif(pods.cluster_capacity_cpu_core_hours, 0) end as share_of_cluster,
        nodes.hours as node_hours
    from usage_by_node as pods
    inner join {{ ref('int_cluster') }} as clusters on clusters.source_uuid = pods.source_uuid
    inner join {{ ref('int_node_day') }} as nodes
        on nodes.source_uuid = pods.source_uuid
        and nodes.usage_date = pods.usage_date
        and nodes.node = pods.node
)

select
    pods.source_uuid,
    pods.usage_date,
    pods.namespace,
    pods.node,
    {%- for measure in measures %}
    pods.pod_{{ measure }}_cpu_core_hours,
    pods.pod_{{ measure }}_memory_gib_hours,
    {%- endfor %}
    pods.effective_usage,
    pods.pod_usage_cpu_core_hours * rates.cpu_core_usage_per_hour
        + pods.pod_request_cpu_core_hours * rates.cpu_core_request_per_hour
        + pods.pod_effective_usage_cpu_core_hours * rates.cpu_core_effective_usage_per_hour as cpu_cost,
    pods.pod_usage_memory_gib_hours * rates.memory_gb_usage_per_hour
        + pods.pod_request_memory_gib_hours * rates.memory_gb_request_per_hour
        + pods.pod_effective_usage_memory_gib_hours * rates.memory_gb_effective_usage_per_hour as memory_cost,
    -- A month's rate is spread evenly over its days.
    coalesce(pods.share_of_cluster, 0)
        * (rates.cluster_cost_per_month / {{ per_day }} + rates.cluster_cost_per_hour * pods.node_hours)
        + coalesce(pods.share_of_node, 0)
        * (rates.node_cost_per_month + rates.node_core_cost_per_month * coalesce(pods.node_capacity_cpu_cores, 0)) / {{ per_day }}
        as capacity_cost
from shares as pods
inner join {{ ref('int_rate') }} as rates on rates.source_uuid = pods.source_uuid
