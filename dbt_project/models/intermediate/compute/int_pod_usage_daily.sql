{{ daily_batches() }}
{% set grain = ['source_uuid', 'usage_date', 'namespace', 'node', 'pod_labels'] %}
{% set measures = ['usage', 'request', 'effective_usage', 'limit'] %}

-- A batch's part of a model has an alias of dbt's own, so the two are named here.
with pod_days as (
    select * from {{ ref('int_pod_day') }}
),

nodes as (
    select * from {{ ref('int_node_day') }}
),

{{ labels_in_their_place('pod_days', grain, ['pod_labels'], ref('int_pod_label')) }},

pods as (
    select
        pod_days.source_uuid,
        pod_days.usage_date,
        pod_days.namespace,
        pod_days.node,
        coalesce(merged.labels, '{}') as pod_labels,
        max({{ byte_order('pod_days.resource_id') }}) as resource_id,
        count(distinct pod_days.pod) as pods,
        {%- for measure in measures %}
        {{ core_hours('sum(pod_days.pod_' ~ measure ~ '_cpu_core_seconds)') }} as pod_{{ measure }}_cpu_core_hours,
        {{ gib_hours('sum(pod_days.pod_' ~ measure ~ '_memory_byte_seconds)') }} as pod_{{ measure }}_memory_gib_hours,
        {%- endfor %}
        max(pod_days.node_capacity_cpu_cores) as node_capacity_cpu_cores,
        {{ gib('max(pod_days.node_capacity_memory_bytes)') }} as node_capacity_memory_gib
    from pod_days
    left join merged
        on {% for column in grain %}{{ 'coalesce(merged.pod_labels, \'\') = coalesce(pod_days.pod_labels, \'\')' if column == 'pod_labels' else 'merged.' ~ column ~ ' = pod_days.' ~ column }}{{ '\n        and ' if not loop.last }}{% endfor %}
    group by pod_days.source_uuid, pod_days.usage_date, pod_days.namespace, pod_days.node, coalesce(merged.labels, '{}')
)

select
    pods.source_uuid,
    pods.usage_date,
    pods.namespace,
    pods.node,
    pods.pod_labels,
    pods.resource_id,
    pods.pods,
    {%- for measure in measures %}
    pods.pod_{{ measure }}_cpu_core_hours,
    pods.pod_{{ measure }}_memory_gib_hours,
    {%- endfor %}
    pods.node_capacity_cpu_cores,
    nodes.capacity_cpu_core_hours as node_capacity_cpu_core_hours,
    pods.node_capacity_memory_gib,
    nodes.capacity_memory_gib_hours as node_capacity_memory_gib_hours,
    nodes.cluster_capacity_cpu_core_hours,
    nodes.cluster_capacity_memory_gib_hours
from pods
inner join nodes
    on nodes.source_uuid = pods.source_uuid
    and nodes.usage_date = pods.usage_date
    and nodes.node = pods.node
