select
    generation.settlement_date,
    generation.settlement_period,
    generation.fuel_type,
    coalesce(fuels.name, generation.fuel_type) as fuel_name,
    coalesce(fuels.category, 'unknown') as fuel_category,
    coalesce(fuels.is_interconnector, false) as is_interconnector,
    coalesce(fuels.is_low_carbon, false) as is_low_carbon,
    generation.generation_mw,
    generation.generation_mw * 0.5 as generation_mwh
from {{ ref('stg_elexon__fuelhh') }} as generation
left join {{ ref('fuel_types') }} as fuels on fuels.code = generation.fuel_type
