-- A unit can stand in the register under several energy identification codes: the first code in byte order speaks for it.
with ranked as (
    select
        national_grid_bm_unit,
        elexon_bm_unit,
        eic,
        bm_unit_name,
        bm_unit_type,
        lead_party_id,
        lead_party_name,
        fuel_type,
        generation_capacity_mw,
        demand_capacity_mw,
        production_or_consumption,
        has_physical_notification,
        gsp_group_id,
        gsp_group_name,
        interconnector_id,
        row_number() over (
            partition by national_grid_bm_unit
            order by case when eic is null then 1 else 0 end, {{ byte_order('eic') }}
        ) as place
    from {{ ref('stg_elexon__bm_units') }}
),

units as (
    select national_grid_bm_unit from {{ ref('stg_elexon__bm_units') }}
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
    case when registered.fuel_type is not null then coalesce(fuels.category, 'unknown') end as fuel_category,
    registered.generation_capacity_mw,
    registered.demand_capacity_mw,
    registered.production_or_consumption,
    registered.has_physical_notification,
    registered.gsp_group_id,
    registered.gsp_group_name,
    registered.interconnector_id,
    case
        when registered.national_grid_bm_unit is not null
            then coalesce(fuels.is_interconnector, false)
                or registered.interconnector_id is not null
                or coalesce(registered.bm_unit_type, '') = 'I'
    end as is_interconnector,
    registered.national_grid_bm_unit is not null as is_in_register
from units
left join ranked as registered
    on registered.national_grid_bm_unit = units.national_grid_bm_unit
    and registered.place = 1
left join {{ ref('int_bm_units_seen') }} as seen on seen.national_grid_bm_unit = units.national_grid_bm_unit
left join {{ ref('fuel_types') }} as fuels on fuels.code = registered.fuel_type
