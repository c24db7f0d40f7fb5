select
    generation.settlement_date,
    generation.settlement_period,
    periods.period_start_at,
    generation.fuel_type,
    generation.fuel_name,
    generation.fuel_category,
    generation.is_interconnector,
    generation.is_low_carbon,
    generation.generation_mw,
    generation.generation_mwh,
    {{ generation_mix('generation.settlement_date, generation.settlement_period') }}
from {{ ref('int_generation_by_fuel') }} as generation
left join {{ ref('int_settlement_periods') }} as periods
    on periods.settlement_date = generation.settlement_date
    and periods.settlement_period = generation.settlement_period
