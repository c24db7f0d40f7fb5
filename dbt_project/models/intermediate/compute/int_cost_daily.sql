-- A table: two marts read it. Rates are looked up anew for every day: a rate that changes, changes all days.
{{ config(materialized='table', post_hook="{{ analyse(this) }}") }}

with quantities as (
    select * from {{ ref('int_billed_quantity_daily') }}
),

costs as (
    {%- for rates, by_labels in [('int_rate', false), ('int_tag_rate', true)] %}
    select
        quantities.source_uuid,
        quantities.usage_date,
        quantities.data_source,
        quantities.namespace,
        quantities.node,
        quantities.metric,
        rates.cost_type,
        quantities.quantity * rates.rate as cost
    from quantities
    inner join {{ ref(rates) }} as rates
        on rates.source_uuid = quantities.source_uuid
        and rates.metric = quantities.metric
        and {{ 'rates.label_text = quantities.labels' if by_labels else 'rates.tag_key is null' }}
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
)

select
    costs.source_uuid,
    costs.usage_date,
    costs.data_source,
    costs.namespace,
    costs.node,
    costs.metric,
    metrics.cost_of,
    costs.cost_type,
    coalesce(sum(costs.cost), 0) as cost
from costs
inner join {{ ref('openshift_metrics') }} as metrics on metrics.metric = costs.metric
group by
    costs.source_uuid, costs.usage_date, costs.data_source, costs.namespace, costs.node, costs.metric, metrics.cost_of,
    costs.cost_type
