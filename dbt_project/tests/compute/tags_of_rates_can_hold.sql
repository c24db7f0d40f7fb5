-- A rate that can never hold is a mistake: a value without a key, a key without a value, a key that is neither enabled nor a
-- parent of one, or a metric of what has no labels.
select rates.source_uuid, rates.metric, rates.tag_key, rates.tag_value
from {{ ref('int_rate') }} as rates
inner join {{ ref('openshift_metrics') }} as metrics on metrics.metric = rates.metric
left join (
    select distinct source_uuid, coalesce(parent_key, label_key) as tag_key from {{ ref('int_enabled_label_key') }}
) as enabled
    on enabled.source_uuid = rates.source_uuid
    and enabled.tag_key = rates.tag_key
where (rates.tag_key is null) <> (rates.tag_value is null)
    or (rates.tag_key is not null and (metrics.labels_of is null or enabled.tag_key is null))
