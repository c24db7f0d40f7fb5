-- What the platform and idle workers cost is borne by the projects, by their share of effective usage. Who gives has the negative
-- of what the others take, so the sum stays. Where no project used anything, nothing is distributed.
with costs as (
    select
        source_uuid,
        usage_date,
        'Pod' as data_source,
        namespace,
        node,
        effective_usage,
        cpu_cost,
        memory_cost,
        capacity_cost,
        0 as volume_cost
    from {{ ref('int_pod_cost_daily') }}
    union all
    select
        source_uuid,
        usage_date,
        'Storage' as data_source,
        namespace,
        node,
        0 as effective_usage,
        0 as cpu_cost,
        0 as memory_cost,
        0 as capacity_cost,
        volume_cost
    from {{ ref('int_volume_cost_daily') }}
),

categories as (
    {{ namespace_categories('costs') }}
),

roles as (
    select
        costs.*,
        costs.cpu_cost + costs.memory_cost + costs.capacity_cost + costs.volume_cost as own_cost,
        categories.category as cost_category,
        case
            when categories.category = 'Platform' then 'platform'
            when costs.namespace = 'Worker unallocated' then 'worker'
            else 'project'
        end as role
    from costs
    left join categories on categories.namespace = costs.namespace
),

distributed as (
    select
        source_uuid,
        usage_date,
        sum(case when role = 'platform' then own_cost else 0 end) as platform_cost,
        sum(case when role = 'worker' then own_cost else 0 end) as worker_cost,
        sum(case when role = 'project' then effective_usage else 0 end) as effective_usage
    from roles
    group by source_uuid, usage_date
),

shared as (
    select
        roles.*,
        {%- for role in ['platform', 'worker'] %}
        case
            when coalesce(distributed.effective_usage, 0) = 0 then 0
            when roles.role = '{{ role }}' then -roles.own_cost
            when roles.role = 'project' and roles.effective_usage <> 0
                then distributed.{{ role }}_cost * roles.effective_usage / distributed.effective_usage
            else 0
        end as {{ role }}_distributed_cost{{ ',' if not loop.last }}
        {%- endfor %}
    from roles
    inner join distributed
        on distributed.source_uuid = roles.source_uuid
        and distributed.usage_date = roles.usage_date
)

select
    shared.source_uuid,
    clusters.cluster_id,
    clusters.cluster_alias,
    shared.usage_date,
    shared.data_source,
    shared.namespace,
    shared.node,
    shared.cost_category,
    shared.cpu_cost,
    shared.memory_cost,
    shared.volume_cost,
    shared.capacity_cost,
    shared.platform_distributed_cost,
    shared.worker_distributed_cost,
    shared.own_cost + shared.platform_distributed_cost + shared.worker_distributed_cost as total_cost
from shared
inner join {{ ref('int_cluster') }} as clusters on clusters.source_uuid = shared.source_uuid
