-- A table: every mart of prices reads it, and it is what fct_lmp shows.
{{ config(materialized='table', post_hook="{{ analyse(this) }}") }}

with ranked as (
    -- PJM keeps every version of a row: the current one speaks, else the highest. Other markets have one.
    select
        *,
        row_number() over (
            partition by iso, market, run, location_id, coalesce(case when iso = 'ercot' then location_type end, ''), interval_start_at
            order by case when is_current then 0 else 1 end, coalesce(version_nbr, 1) desc
        ) as place
    from {{ ref('int_us_lmp') }}
),

named as (
    select
        *,
        case
            when location_type in ('HUB', 'Hub', 'HUB NODE', 'HU', 'SH') or substr(location_id, 1, 3) = 'HB_' or substr(location_id, 1, 3) = 'TH_'
                or (iso = 'spp' and location_id like '%HUB') then 'hub'
            when location_type in ('ZONE', 'LOAD ZONE', 'Loadzone', 'LZ', 'LZEW', 'DRRAZ', 'RESIDUAL_METERED_EDC')
                or substr(location_id, 1, 5) = 'DLAP_' or (iso = 'ercot' and substr(location_id, 1, 3) = 'LZ_') then 'zone'
            when location_type in ('INTERFACE', 'Interface', 'TIE') then 'interface'
            when location_type in ('EXT', 'EXT. NODE', 'LZ_DC', 'LZ_DCEW')
                or (iso = 'nyiso' and location_name in ('H Q', 'NPX', 'O H', 'PJM')) or (iso = 'ercot' and substr(location_id, 1, 3) = 'DC_')
                then 'external'
            when location_name = 'NYISO_LBMP_REFERENCE' then 'reference'
            when location_type = 'zone' then 'zone'
            when location_type = 'AGGREGATE' or location_id like '%-APND' then 'aggregate'
            else 'node'
        end as kind
    from ranked
    where place = 1
)

select
    iso,
    market,
    lower(run) as run,
    -- A load zone of ERCOT is printed twice under one name: as it is, and weighted by energy.
    case when location_type in ('LZEW', 'LZ_DCEW') then {{ dbt.concat(['location_id', "'_EW'"]) }} else location_id end as location_id,
    coalesce(location_name, location_id) as location_name,
    kind as location_type,
    location_type as location_type_native,
    zone,
    cast({{ dbt.replace('voltage', "' KV'", "''") }} as {{ type_double() }}) as voltage_kv,
    equipment,
    interval_start_at,
    interval_end_at,
    interval_minutes,
    {{ hour_of('interval_start_at') }} as hour_start_at,
    delivery_date,
    lmp_usd_per_mwh,
    coalesce(energy_usd_per_mwh, lmp_usd_per_mwh - congestion_usd_per_mwh - loss_usd_per_mwh - coalesce(ghg_usd_per_mwh, 0)) as energy_usd_per_mwh,
    congestion_usd_per_mwh,
    loss_usd_per_mwh,
    ghg_usd_per_mwh,
    coalesce(version_nbr, 1) as version_nbr,
    hour_label as source_hour_label,
    source_file
from named
