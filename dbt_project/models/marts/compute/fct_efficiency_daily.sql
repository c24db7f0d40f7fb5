with costs as (
    select
        source_uuid,
        usage_date,
        namespace,
        {%- for name in ['cpu', 'memory'] %}
        sum(case when cost_of = '{{ name }}' then cost else 0 end) as {{ name }}_cost{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_cost_daily') }}
    group by source_uuid, usage_date, namespace
),

hours as (
    select
        source_uuid,
        usage_date,
        namespace,
        {%- for measure in ['usage', 'request'] %}
        sum(pod_{{ measure }}_cpu_core_hours) as cpu_{{ measure }},
        sum(pod_{{ measure }}_memory_gib_hours) as memory_{{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_namespace_node_daily') }}
    where namespace not in {{ unallocated_namespaces() }}
    group by source_uuid, usage_date, namespace
)

select
    hours.source_uuid,
    clusters.cluster_id,
    clusters.cluster_alias,
    hours.usage_date,
    hours.namespace,
    {%- for name in ['cpu', 'memory'] %}
    {%- set usage, request, cost = 'hours.' ~ name ~ '_usage', 'hours.' ~ name ~ '_request', 'coalesce(costs.' ~ name ~ '_cost, 0)' %}
    {{ efficiency_percent(usage, request) }} as {{ name }}_efficiency_percent,
    {{ cost }} as {{ name }}_cost,
    {{ waste(cost, usage, request) }} as {{ name }}_waste_cost{{ ',' if not loop.last }}
    {%- endfor %}
from hours
inner join {{ ref('int_cluster') }} as clusters on clusters.source_uuid = hours.source_uuid
left join costs
    on costs.source_uuid = hours.source_uuid
    and costs.usage_date = hours.usage_date
    and costs.namespace = hours.namespace
