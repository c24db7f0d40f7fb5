{{ daily_batches() }}

-- Every row of a node's pods repeats its capacity, so an hour has its maximum. Hours without a pod add nothing. A blank node has
-- what pods without one report, which counts for the cluster. Rows of days have the sum of their hours.
with {% if openshift_loads_days() %}days as (
    select
        source_uuid,
        {{ utc_date('interval_start_at') }} as usage_date,
        node,
        max(node_hours) as hours,
        max(node_capacity_cpu_core_seconds) as capacity_cpu_core_seconds,
        max(node_capacity_memory_byte_seconds) as capacity_memory_byte_seconds
    from {{ ref('stg_openshift__pod_usage_daily') }}
    group by source_uuid, {{ utc_date('interval_start_at') }}, node
),
{% else %}hours as (
    select
        source_uuid,
        {{ utc_date('interval_start_at') }} as usage_date,
        interval_start_at,
        node,
        max(node_capacity_cpu_core_seconds) as capacity_cpu_core_seconds,
        max(node_capacity_memory_byte_seconds) as capacity_memory_byte_seconds
    from {{ ref('stg_openshift__pod_usage') }}
    group by source_uuid, {{ utc_date('interval_start_at') }}, interval_start_at, node
),

days as (
    select
        source_uuid,
        usage_date,
        node,
        count(*) as hours,
        sum(capacity_cpu_core_seconds) as capacity_cpu_core_seconds,
        sum(capacity_memory_byte_seconds) as capacity_memory_byte_seconds
    from hours
    group by source_uuid, usage_date, node
),
{% endif %}
pods as (
    select
        source_uuid,
        usage_date,
        node,
        max({{ byte_order('resource_id') }}) as resource_id,
        max({{ byte_order('node_role') }}) as node_role,
        max(case when namespace = 'openshift-kube-apiserver' then 1 else 0 end) as runs_the_api,
        max(node_capacity_cpu_cores) as capacity_cpu_cores,
        max(node_capacity_memory_bytes) as capacity_memory_bytes
    from {{ ref('int_pod_day') }}
    group by source_uuid, usage_date, node
),

labels as (
    {{ labels_of_day(ref('stg_openshift__node_labels'), 'node') }}
),

merged as (
    {{ merged_labels('labels', ['source_uuid', 'usage_date', 'node'], ['label_text'], ref('int_pod_label')) }}
)

select
    days.source_uuid,
    days.usage_date,
    days.node,
    pods.resource_id,
    case
        when pods.node is null then null
        when pods.node_role is not null then pods.node_role
        when pods.runs_the_api = 1 then 'master'
        when roles.label_value = 'infra' then 'infra'
        else 'worker'
    end as node_role,
    coalesce(merged.labels, '{}') as node_labels,
    days.hours,
    pods.capacity_cpu_cores,
    {{ gib('pods.capacity_memory_bytes') }} as capacity_memory_gib,
    {{ core_hours('days.capacity_cpu_core_seconds') }} as capacity_cpu_core_hours,
    {{ gib_hours('days.capacity_memory_byte_seconds') }} as capacity_memory_gib_hours,
    {{ core_hours('sum(days.capacity_cpu_core_seconds) over (partition by days.source_uuid, days.usage_date)') }}
        as cluster_capacity_cpu_core_hours,
    {{ gib_hours('sum(days.capacity_memory_byte_seconds) over (partition by days.source_uuid, days.usage_date)') }}
        as cluster_capacity_memory_gib_hours
from days
left join pods
    on pods.source_uuid = days.source_uuid
    and pods.usage_date = days.usage_date
    and pods.node = days.node
left join labels
    on labels.source_uuid = days.source_uuid
    and labels.usage_date = days.usage_date
    and labels.node = days.node
left join {{ ref('int_pod_label') }} as roles
    on roles.label_text = labels.label_text
    and roles.label_key = 'node_role_kubernetes_io'
left join merged
    on merged.source_uuid = days.source_uuid
    and merged.usage_date = days.usage_date
    and merged.node = days.node
