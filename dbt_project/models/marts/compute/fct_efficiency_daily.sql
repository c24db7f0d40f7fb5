select
    costs.source_uuid,
    clusters.cluster_id,
    clusters.cluster_alias,
    costs.usage_date,
    costs.namespace,
    {%- for resource in ['cpu_core', 'memory_gib'] %}
    {%- set name = resource.split('_')[0] %}
    {%- set usage, request = 'sum(costs.pod_usage_' ~ resource ~ '_hours)', 'sum(costs.pod_request_' ~ resource ~ '_hours)' %}
    {{ efficiency_percent(usage, request) }} as {{ name }}_efficiency_percent,
    sum(costs.{{ name }}_cost) as {{ name }}_cost,
    {{ waste('sum(costs.' ~ name ~ '_cost)', usage, request) }} as {{ name }}_waste_cost{{ ',' if not loop.last }}
    {%- endfor %}
from {{ ref('int_pod_cost_daily') }} as costs
inner join {{ ref('int_cluster') }} as clusters on clusters.source_uuid = costs.source_uuid
where costs.namespace not in {{ unallocated_namespaces() }}
group by costs.source_uuid, clusters.cluster_id, clusters.cluster_alias, costs.usage_date, costs.namespace
