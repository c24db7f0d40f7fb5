-- A table: every batch of every day reads it.
{{ config(materialized='table', post_hook="{{ analyse(this) }}") }}

select clusters.source_uuid, enabled.label_key
from {{ ref('int_cluster') }} as clusters
inner join {{ decided('enabled_label_keys') }} as enabled on enabled.source_uuid in ('*', clusters.source_uuid)
union distinct
select source_uuid, 'vm_kubevirt_io_name' as label_key   -- without it nobody tells one virtual machine from another
from {{ ref('int_cluster') }}
