-- What a row costs by what it is of is what it costs by type: no cost without a type, none with two, none in no column.
select source_uuid, usage_date, data_source, namespace, node, infrastructure_cost, supplementary_cost
from {{ ref('fct_cost_daily') }}
where abs(cpu_cost + memory_cost + volume_cost + capacity_cost + project_cost - infrastructure_cost - supplementary_cost)
    > 0.000000001 * (1 + abs(infrastructure_cost) + abs(supplementary_cost))
