-- A table, as int_rate. Each text of labels is taken apart once; the rest (*) of a key is every value without a rate of its own.
{{ config(materialized='table', post_hook="{{ analyse(this) }}") }}

with labelled as (
    {%- for model, labels in [
        ('int_pod_usage_daily', 'pod_labels'), ('int_volume_usage_daily', 'volume_labels'),
        ('int_node_day', 'node_labels'), ('int_project_day', 'namespace_labels')
    ] %}
    select source_uuid, {{ labels }} as label_text from {{ ref(model) }}
    {{- '\n    union distinct' if not loop.last }}
    {%- endfor %}
),

texts as (
    select distinct label_text from labelled
),

labels as (
    {{ label_entries('texts') }}
),

held as (
    select
        labelled.source_uuid,
        labelled.label_text,
        rates.metric,
        rates.cost_type,
        rates.rate,
        rank() over (
            partition by labelled.source_uuid, labelled.label_text, rates.metric, rates.cost_type, rates.tag_key
            order by case when rates.tag_value = '*' then 1 else 0 end
        ) as place
    from labelled
    inner join labels on labels.label_text = labelled.label_text
    inner join {{ ref('int_rate') }} as rates
        on rates.source_uuid = labelled.source_uuid
        and rates.tag_key = labels.label_key
        and rates.tag_value in ('*', labels.label_value)
)

select source_uuid, label_text, metric, cost_type, sum(rate) as rate
from held
where place = 1
group by source_uuid, label_text, metric, cost_type
