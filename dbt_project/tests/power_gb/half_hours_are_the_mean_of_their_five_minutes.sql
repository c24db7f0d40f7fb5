-- The half-hourly generation is measured as the five-minute one is: where all six are there, their mean must be near.
{{ config(severity='warn') }}

with means as (
    select settlement_date, settlement_period, fuel_type, avg(generation_mw) as generation_mw
    from {{ ref('stg_elexon__fuelinst') }}
    group by settlement_date, settlement_period, fuel_type
    having count(*) = 6
)

select means.settlement_date, means.settlement_period, means.fuel_type, means.generation_mw as mean_mw, half_hours.generation_mw
from means
inner join {{ ref('stg_elexon__fuelhh') }} as half_hours
    on half_hours.settlement_date = means.settlement_date
    and half_hours.settlement_period = means.settlement_period
    and half_hours.fuel_type = means.fuel_type
where abs(means.generation_mw - half_hours.generation_mw) > 25 + 0.02 * abs(half_hours.generation_mw)   -- ramps and rounding
