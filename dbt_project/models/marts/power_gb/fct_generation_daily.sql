with fuel_days as (
    select
        settlement_date,
        fuel_type,
        fuel_name,
        fuel_category,
        is_interconnector,
        is_low_carbon,
        sum(generation_mwh) as generation_mwh,
        count(generation_mwh) as periods_present
    from {{ ref('int_generation_by_fuel') }}
    group by settlement_date, fuel_type, fuel_name, fuel_category, is_interconnector, is_low_carbon
)

select
    fuel_days.settlement_date,
    fuel_days.fuel_type,
    fuel_days.fuel_name,
    fuel_days.fuel_category,
    fuel_days.is_interconnector,
    fuel_days.is_low_carbon,
    fuel_days.generation_mwh,
    {{ generation_mix('fuel_days.settlement_date') }},
    fuel_days.periods_present,
    days.periods_in_day,
    min(fuel_days.periods_present) over (partition by fuel_days.settlement_date) = days.periods_in_day as is_complete
from fuel_days
left join {{ ref('int_settlement_days') }} as days on days.settlement_date = fuel_days.settlement_date
