-- What is shared out is given and taken: a cluster's total of a day is the sum of its own costs.
select
    source_uuid,
    usage_date,
    sum(total_cost) as shared_out_cost,
    sum(cpu_cost + memory_cost + volume_cost + capacity_cost + project_cost + markup_cost) as own_cost
from {{ ref('fct_cost_daily') }}
group by source_uuid, usage_date
having abs(sum(total_cost) - sum(cpu_cost + memory_cost + volume_cost + capacity_cost + project_cost + markup_cost))
    > 0.000000001 * (1 + abs(sum(cpu_cost + memory_cost + volume_cost + capacity_cost + project_cost + markup_cost)))
