-- A table: every batch of every day reads it.
{{ config(materialized='table', post_hook="{{ analyse(this) }}") }}

with enabled as (
    select clusters.source_uuid, enabled.label_key
    from {{ ref('int_cluster') }} as clusters
    inner join {{ decided('enabled_label_keys') }} as enabled on enabled.source_uuid in ('*', clusters.source_uuid)
    union distinct
    select source_uuid, 'vm_kubevirt_io_name' as label_key   -- without it nobody tells one virtual machine from another
    from {{ ref('int_cluster') }}
)

select
    enabled.source_uuid,
    enabled.label_key,
    -- A cluster's own parent of a key, or the one for all clusters.
    coalesce(
        max(case when mappings.source_uuid <> '*' then mappings.parent_key end),
        max(case when mappings.source_uuid = '*' then mappings.parent_key end)
    ) as parent_key
from enabled
left join {{ decided('tag_mappings') }} as mappings
    on mappings.source_uuid in ('*', enabled.source_uuid)
    and mappings.child_key = enabled.label_key
group by enabled.source_uuid, enabled.label_key
