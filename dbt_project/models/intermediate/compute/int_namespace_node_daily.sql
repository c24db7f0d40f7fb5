-- A table: costs and efficiency read it.
{{ config(materialized='table', post_hook="{{ analyse(this) }}") }}
{% set measures = ['usage', 'request', 'effective_usage'] %}

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
        node_capacity_cpu_core_hours,
        node_capacity_memory_gib_hours,
        cluster_capacity_cpu_core_hours,
        cluster_capacity_memory_gib_hours
    from {{ ref(relation) }}
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
),

used as (
    select
        source_uuid,
        usage_date,
        namespace,
        node,
        {%- for measure in measures %}
        sum(pod_{{ measure }}_cpu_core_hours) as pod_{{ measure }}_cpu_core_hours,
        sum(pod_{{ measure }}_memory_gib_hours) as pod_{{ measure }}_memory_gib_hours,
        {%- endfor %}
        max(node_capacity_cpu_core_hours) as node_capacity_cpu_core_hours,
        max(node_capacity_memory_gib_hours) as node_capacity_memory_gib_hours,
        max(cluster_capacity_cpu_core_hours) as cluster_capacity_cpu_core_hours,
        max(cluster_capacity_memory_gib_hours) as cluster_capacity_memory_gib_hours
    from pods
    group by source_uuid, usage_date, namespace, node
)

select
    used.source_uuid,
    used.usage_date,
    used.namespace,
    used.node,
    {%- for measure in measures %}
    used.pod_{{ measure }}_cpu_core_hours,
    used.pod_{{ measure }}_memory_gib_hours,
    {%- endfor %}
    {%- for share, resource in [('effective_usage', none), ('share_of_node', 'node'), ('share_of_cluster', 'cluster')] %}
    case when clusters.distribution = 'memory'
        then used.pod_effective_usage_memory_gib_hours{{ ' / nullif(used.' ~ resource ~ '_capacity_memory_gib_hours, 0)' if resource }}
        else used.pod_effective_usage_cpu_core_hours{{ ' / nullif(used.' ~ resource ~ '_capacity_cpu_core_hours, 0)' if resource }}
    end as {{ share }}{{ ',' if not loop.last }}
    {%- endfor %}
from used
inner join {{ ref('int_cluster') }} as clusters on clusters.source_uuid = used.source_uuid
