-- A claim costs its rate once a day, however many rows it stands in: each row has its part.
with volumes as (
    select
        source_uuid,
        usage_date,
        namespace,
        node,
        persistentvolumeclaim_usage_gib_months,
        volume_request_storage_gib_months,
        case when persistentvolumeclaim <> '' then 1.0 / count(*) over (
            partition by source_uuid, usage_date, namespace, persistentvolumeclaim
        ) else 0 end as claims
    from {{ ref('int_volume_usage_daily') }}
)

select
    volumes.source_uuid,
    volumes.usage_date,
    volumes.namespace,
    volumes.node,
    sum(
        coalesce(volumes.persistentvolumeclaim_usage_gib_months, 0) * rates.storage_gb_usage_per_month
        + coalesce(volumes.volume_request_storage_gib_months, 0) * rates.storage_gb_request_per_month
        + volumes.claims * rates.pvc_cost_per_month
            / cast({{ days_in_month('volumes.usage_date') }} as {{ type_double() }})
    ) as volume_cost
from volumes
inner join {{ ref('int_rate') }} as rates on rates.source_uuid = volumes.source_uuid
group by volumes.source_uuid, volumes.usage_date, volumes.namespace, volumes.node
