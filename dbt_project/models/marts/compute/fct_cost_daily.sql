-- What the platform and idle workers cost is borne by the projects, by their share of effective usage. Who gives has the negative
-- of what the others take, so the sum stays. Where no project used anything, nothing is distributed.
{% set parts = ['cpu', 'memory', 'volume', 'capacity', 'project'] %}

with used as (
    select source_uuid, usage_date, 'Pod' as data_source, namespace, node, effective_usage, null as cost_of, null as cost_type, 0 as cost
    from {{ ref('int_namespace_node_daily') }}
    union all
    select source_uuid, usage_date, 'Storage' as data_source, namespace, node, 0 as effective_usage, null as cost_of, null as cost_type, 0 as cost
    from {{ ref('int_volume_usage_daily') }}
    union all
    select source_uuid, usage_date, data_source, namespace, node, 0 as effective_usage, cost_of, cost_type, cost
    from {{ ref('int_cost_daily') }}
),

summed as (
    select
        source_uuid,
        usage_date,
        data_source,
        namespace,
        node,
        sum(effective_usage) as effective_usage,
        {%- for part in parts %}
        sum(case when cost_of = '{{ part }}' then cost else 0 end) as {{ part }}_cost,
        {%- endfor %}
        sum(case when cost_type = 'Infrastructure' then cost else 0 end) as infrastructure_cost,
        sum(case when cost_type = 'Supplementary' then cost else 0 end) as supplementary_cost
    from used
    group by source_uuid, usage_date, data_source, namespace, node
),

markups as (
    {{ decided_for_clusters('markups', none, ['markup_percent']) }}
),

costs as (
    select
        summed.*,
        -- On what the infrastructure costs, as its owner's bill has it; a discount is negative.
        summed.infrastructure_cost * coalesce(cast(markups.markup_percent as {{ type_double() }}), 0) / 100 as markup_cost
    from summed
    left join markups on markups.source_uuid = summed.source_uuid
),

categories as (
    {{ namespace_categories('costs') }}
),

roles as (
    select
        costs.*,
        {% for part in parts %}costs.{{ part }}_cost + {% endfor %}costs.markup_cost as own_cost,
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
    {%- for part in parts %}
    shared.{{ part }}_cost,
    {%- endfor %}
    shared.infrastructure_cost,
    shared.supplementary_cost,
    shared.markup_cost,
    shared.platform_distributed_cost,
    shared.worker_distributed_cost,
    shared.own_cost + shared.platform_distributed_cost + shared.worker_distributed_cost as total_cost
from shared
inner join {{ ref('int_cluster') }} as clusters on clusters.source_uuid = shared.source_uuid
