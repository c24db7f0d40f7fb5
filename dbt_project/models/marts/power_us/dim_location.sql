-- Days on which a location is described alike make one version; it changes on the first day that says otherwise.
with days as (
    select
        iso,
        location_id,
        delivery_date,
        max(location_name) as location_name,
        max(location_type) as location_type,
        max(location_type_native) as location_type_native,
        max(zone) as zone,
        max(voltage_kv) as voltage_kv,
        max(equipment) as equipment
    from {{ ref('int_us_price') }}
    group by iso, location_id, delivery_date
),

described as (
    select
        *,
        {{ dbt.concat([
            'location_name', "'|'", 'location_type', "'|'", "coalesce(location_type_native, '')", "'|'", "coalesce(zone, '')", "'|'",
            "coalesce(cast(voltage_kv as " ~ dbt.type_string() ~ "), '')", "'|'", "coalesce(equipment, '')"
        ]) }} as description
    from days
),

marked as (
    select
        *,
        case
            when description = lag(description) over (partition by iso, location_id order by delivery_date) then 0 else 1
        end as is_change
    from described
),

numbered as (
    select *, sum(is_change) over (partition by iso, location_id order by delivery_date rows unbounded preceding) as version
    from marked
),

versions as (
    select
        iso,
        location_id,
        cast(version as {{ dbt.type_bigint() }}) as version,
        max(location_name) as location_name,
        max(location_type) as location_type,
        max(location_type_native) as location_type_native,
        max(zone) as zone,
        max(voltage_kv) as voltage_kv,
        max(equipment) as equipment,
        min(delivery_date) as valid_from_date,
        max(delivery_date) as last_seen_date
    from numbered
    group by iso, location_id, version
)

select
    versions.iso,
    versions.location_id,
    versions.version,
    versions.location_name,
    versions.location_type,
    versions.location_type_native,
    versions.zone,
    versions.voltage_kv,
    versions.equipment,
    versions.valid_from_date,
    lead(versions.valid_from_date) over (partition by versions.iso, versions.location_id order by versions.version) as valid_until_date,
    versions.last_seen_date,
    lead(versions.valid_from_date) over (partition by versions.iso, versions.location_id order by versions.version) is null as is_current,
    hubs.location_id is not null as is_reference_hub
from versions
left join {{ ref('market_hubs') }} as hubs on hubs.iso = versions.iso and hubs.location_id = versions.location_id
