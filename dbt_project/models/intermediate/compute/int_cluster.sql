-- A table: every batch of every day reads it.
{{ config(materialized='table', post_hook="{{ analyse(this) }}") }}

select
    found.source_uuid,
    coalesce(named.cluster_id, found.source_uuid) as cluster_id,
    coalesce(named.cluster_alias, named.cluster_id, found.source_uuid) as cluster_alias,
    coalesce(named.distribution, 'cpu') as distribution
from (select distinct source_uuid from {{ ref('int_pod_day') }}) as found
left join {{ decided('clusters') }} as named on named.source_uuid = found.source_uuid
