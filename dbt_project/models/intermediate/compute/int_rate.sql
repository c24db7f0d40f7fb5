-- A cluster's own rate, or the one for all clusters. What has no rate costs nothing.
select
    clusters.source_uuid,
    {%- for metric in rate_metrics() %}
    {%- set rate = "max(case when rates.metric = '" ~ metric ~ "' and rates.source_uuid " %}
    coalesce({{ rate }}<> '*' then cast(rates.rate as {{ type_double() }}) end),
        {{ rate }}= '*' then cast(rates.rate as {{ type_double() }}) end), 0) as {{ metric }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ ref('int_cluster') }} as clusters
left join {{ decided('rates') }} as rates on rates.source_uuid in ('*', clusters.source_uuid)
group by clusters.source_uuid
