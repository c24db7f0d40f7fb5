with units as (
    select national_grid_bm_unit from {{ ref('int_bm_units_registered') }}
    union distinct
    select national_grid_bm_unit from {{ ref('int_bm_units_seen') }}
)

select
    units.national_grid_bm_unit,
    coalesce(registered.elexon_bm_unit, seen.bm_unit) as bm_unit,
    registered.eic,
    registered.bm_unit_name,
    registered.bm_unit_type,
    registered.lead_party_id,
    registered.lead_party_name,
    registered.fuel_type,
    registered.fuel_category,
    registered.generation_capacity_mw,
    registered.demand_capacity_mw,
    registered.production_or_consumption,
    registered.has_physical_notification,
    registered.gsp_group_id,
    registered.gsp_group_name,
    registered.interconnector_id,
    registered.is_interconnector,
    registered.national_grid_bm_unit is not null as is_in_register
from units
left join {{ ref('int_bm_units_registered') }} as registered
    on registered.national_grid_bm_unit = units.national_grid_bm_unit
left join {{ ref('int_bm_units_seen') }} as seen on seen.national_grid_bm_unit = units.national_grid_bm_unit
