{{ config(event_time='usage_date') }}
{% set measures = ['usage', 'request', 'effective_usage'] %}

-- What a node offers and no pod takes. Below zero where pods ask for more than there is: that is so, and is not cut off.
with pods as (
    select
        source_uuid,
        usage_date,
        node,
        {%- for measure in measures %}
        sum(pod_{{ measure }}_cpu_core_hours) as pod_{{ measure }}_cpu_core_hours,
        sum(pod_{{ measure }}_memory_gib_hours) as pod_{{ measure }}_memory_gib_hours{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_pod_usage_daily') }}
    group by source_uuid, usage_date, node
)

select
    nodes.source_uuid,
    nodes.usage_date,
    case when nodes.node_role in ('master', 'infra') then 'Platform unallocated' else 'Worker unallocated' end as namespace,
    nodes.node,
    nodes.resource_id,
    {%- for measure in measures %}
    nodes.capacity_cpu_core_hours - pods.pod_{{ measure }}_cpu_core_hours as pod_{{ measure }}_cpu_core_hours,
    nodes.capacity_memory_gib_hours - pods.pod_{{ measure }}_memory_gib_hours as pod_{{ measure }}_memory_gib_hours,
    {%- endfor %}
    nodes.capacity_cpu_cores as node_capacity_cpu_cores,
    nodes.capacity_cpu_core_hours as node_capacity_cpu_core_hours,
    nodes.capacity_memory_gib as node_capacity_memory_gib,
    nodes.capacity_memory_gib_hours as node_capacity_memory_gib_hours,
    nodes.cluster_capacity_cpu_core_hours,
    nodes.cluster_capacity_memory_gib_hours
from {{ ref('int_node_day') }} as nodes
inner join pods
    on pods.source_uuid = nodes.source_uuid
    and pods.usage_date = nodes.usage_date
    and pods.node = nodes.node
