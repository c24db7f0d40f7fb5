{{ config(**monthly_batches('settlement_date')) }}

-- dbt names the rows of a batch itself on Postgres, so they take their name here.
with volumes as (select * from {{ ref('int_acceptance_volumes') }})

select
    volumes.settlement_date,
    volumes.national_grid_bm_unit,
    units.elexon_bm_unit as bm_unit,
    units.lead_party_name,
    -sum(volumes.volume_mwh) as curtailed_mwh,
    -sum(volumes.system_volume_mwh) as system_curtailed_mwh,
    count(case when volumes.volume_mwh < 0 then 1 end) as curtailed_periods
from volumes
inner join {{ ref('int_bm_units_registered') }} as units
    on units.national_grid_bm_unit = volumes.national_grid_bm_unit
where volumes.side = 'bid'
    and units.fuel_type = 'WIND'
group by volumes.settlement_date, volumes.national_grid_bm_unit, units.elexon_bm_unit, units.lead_party_name
