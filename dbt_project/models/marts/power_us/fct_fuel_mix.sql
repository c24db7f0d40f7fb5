select
    mix.iso,
    mix.area,
    mix.fuel as fuel_native,
    coalesce(fuels.fuel, 'other') as fuel,
    coalesce(mix.is_renewable, fuels.is_renewable) as is_renewable,
    mix.interval_start_at,
    mix.interval_end_at,
    mix.interval_minutes,
    mix.delivery_date,
    mix.mw,
    mix.iso in ('nyiso', 'isone', 'spp', 'caiso') as is_instantaneous
from {{ ref('int_us_fuel_mix') }} as mix
left join {{ ref('us_fuels') }} as fuels
    on fuels.fuel_native = lower({{ dbt.replace(dbt.replace('mix.fuel', "' Market'", "''"), "' Self'", "''") }})
where mix.mw is not null
