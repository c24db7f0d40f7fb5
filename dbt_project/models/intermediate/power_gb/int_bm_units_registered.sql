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
)

select
    ranked.national_grid_bm_unit,
    ranked.elexon_bm_unit,
    ranked.eic,
    ranked.bm_unit_name,
    ranked.bm_unit_type,
    ranked.lead_party_id,
    ranked.lead_party_name,
    ranked.fuel_type,
    case when ranked.fuel_type is not null then coalesce(fuels.category, 'unknown') end as fuel_category,
    ranked.generation_capacity_mw,
    ranked.demand_capacity_mw,
    ranked.production_or_consumption,
    ranked.has_physical_notification,
    ranked.gsp_group_id,
    ranked.gsp_group_name,
    ranked.interconnector_id,
    coalesce(fuels.is_interconnector, false)
        or ranked.interconnector_id is not null
        or coalesce(ranked.bm_unit_type, '') = 'I' as is_interconnector
from ranked
left join {{ ref('fuel_types') }} as fuels on fuels.code = ranked.fuel_type
where ranked.place = 1
