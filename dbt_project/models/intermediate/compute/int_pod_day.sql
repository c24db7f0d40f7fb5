{{ daily_batches() }}
{% set is_daily = openshift_loads_days() %}

-- The only model that reads pods hour by hour; node, namespace and labels are text, so all that follows reads 24 times less.
select
    source_uuid,
    {{ utc_date('interval_start_at') }} as usage_date,
    namespace,
    node,
    pod,
    pod_labels,
    max({{ byte_order('resource_id') }}) as resource_id,
    max({{ byte_order("nullif(node_role, '')") }}) as node_role,
    max(node_capacity_cpu_cores) as node_capacity_cpu_cores,
    max(node_capacity_memory_bytes) as node_capacity_memory_bytes,
    {%- for resource in ['cpu_core', 'memory_byte'] %}
    {%- set usage, request = 'pod_usage_' ~ resource ~ '_seconds', 'pod_request_' ~ resource ~ '_seconds' %}
    sum({{ usage }}) as {{ usage }},
    sum({{ request }}) as {{ request }},
    {%- if is_daily %}
    sum(pod_effective_usage_{{ resource }}_seconds) as pod_effective_usage_{{ resource }}_seconds,
    {%- else %}
    -- Hour by hour: the larger of two sums would be less.
    sum(greatest(coalesce({{ usage }}, 0), coalesce({{ request }}, 0))) as pod_effective_usage_{{ resource }}_seconds,
    {%- endif %}
    sum(pod_limit_{{ resource }}_seconds) as pod_limit_{{ resource }}_seconds{{ ',' if not loop.last }}
    {%- endfor %}
from {{ ref('stg_openshift__pod_usage_daily') if is_daily else ref('stg_openshift__pod_usage') }}
where node <> ''   -- not scheduled yet: it used nothing of any node
group by source_uuid, {{ utc_date('interval_start_at') }}, namespace, node, pod, pod_labels
