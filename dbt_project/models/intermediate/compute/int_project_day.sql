{{ daily_batches() }}

with projects as (
    select source_uuid, usage_date, namespace, count(distinct node) as nodes
    from {{ ref('int_pod_day') }}
    group by source_uuid, usage_date, namespace
),

labels as (
    {{ labels_of_day(ref('stg_openshift__namespace_labels'), 'namespace') }}
),

merged as (
    {{ merged_labels('labels', ['source_uuid', 'usage_date', 'namespace'], ['label_text'], ref('int_pod_label')) }}
)

select
    projects.source_uuid,
    projects.usage_date,
    projects.namespace,
    projects.nodes,
    coalesce(merged.labels, '{}') as namespace_labels
from projects
left join merged
    on merged.source_uuid = projects.source_uuid
    and merged.usage_date = projects.usage_date
    and merged.namespace = projects.namespace
