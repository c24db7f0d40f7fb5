-- A view: the rows are int_us_price's own, a copy of them would double the largest table.
{{ config(materialized='view') }}

select
    prices.iso,
    prices.market,
    prices.run,
    prices.location_id,
    prices.location_name,
    prices.location_type,
    prices.location_type_native,
    prices.zone,
    prices.voltage_kv,
    prices.equipment,
    prices.interval_start_at,
    prices.interval_end_at,
    prices.interval_minutes,
    prices.delivery_date,
    calendar.hour_ending,
    calendar.is_repeated_hour,
    calendar.is_on_peak,
    prices.lmp_usd_per_mwh,
    prices.energy_usd_per_mwh,
    prices.congestion_usd_per_mwh,
    prices.loss_usd_per_mwh,
    prices.ghg_usd_per_mwh,
    prices.version_nbr,
    prices.source_hour_label,
    prices.source_file
from {{ ref('int_us_price') }} as prices
inner join {{ ref('int_us_market_hour') }} as calendar
    on calendar.iso = prices.iso
    and calendar.hour_start_at = prices.hour_start_at
