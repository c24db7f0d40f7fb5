-- A view: the hours are stored below it, and names and categories are what they are today.
{{ config(materialized='view') }}
{% set measures = ['usage', 'request', 'effective_usage', 'limit'] %}

with pods as (
    select
        source_uuid,
        usage_date,
        namespace,
        node,
        pod_labels,
        false as is_unallocated,
        resource_id,
        pods,
        {%- for measure in measures %}
        pod_{{ measure }}_cpu_core_hours,
        pod_{{ measure }}_memory_gib_hours,
        {%- endfor %}
        node_capacity_cpu_cores,
        node_capacity_cpu_core_hours,
        node_capacity_memory_gib,
        node_capacity_memory_gib_hours,
        cluster_capacity_cpu_core_hours,
        cluster_capacity_memory_gib_hours
    from {{ ref('int_pod_usage_daily') }}
    union all
    select
        source_uuid,
        usage_date,
        namespace,
        node,
        null as pod_labels,
        true as is_unallocated,
        resource_id,
        null as pods,
        {%- for measure in measures %}
        {{ 'null as ' if measure == 'limit' }}pod_{{ measure }}_cpu_core_hours,
        {{ 'null as ' if measure == 'limit' }}pod_{{ measure }}_memory_gib_hours,
        {%- endfor %}
        node_capacity_cpu_cores,
        node_capacity_cpu_core_hours,
        node_capacity_memory_gib,
        node_capacity_memory_gib_hours,
        cluster_capacity_cpu_core_hours,
        cluster_capacity_memory_gib_hours
    from {{ ref('int_unallocated_daily') }}
),

categories as (
    {{ namespace_categories('pods') }}
)

select
    pods.source_uuid,
    clusters.cluster_id,
    clusters.cluster_alias,
    pods.usage_date,
    pods.namespace,
    pods.node,
    pods.resource_id,
    pods.is_unallocated,
    categories.category as cost_category,
    pods.pod_labels,
    coalesce(pods.pod_labels, '{}') as all_labels,
    pods.pods,
    {%- for measure in measures %}
    pods.pod_{{ measure }}_cpu_core_hours,
    pods.pod_{{ measure }}_memory_gib_hours,
    {%- endfor %}
    pods.node_capacity_cpu_cores,
    pods.node_capacity_cpu_core_hours,
    pods.node_capacity_memory_gib,
    pods.node_capacity_memory_gib_hours,
    pods.cluster_capacity_cpu_core_hours,
    pods.cluster_capacity_memory_gib_hours
from pods
inner join {{ ref('int_cluster') }} as clusters on clusters.source_uuid = pods.source_uuid
left join categories on categories.namespace = pods.namespace
