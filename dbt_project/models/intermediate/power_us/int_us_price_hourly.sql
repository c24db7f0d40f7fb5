-- A table: hours whose intervals are all there. A mean over a part of an hour would pass for its price.
{{ config(materialized='table', post_hook="{{ analyse(this) }}") }}

with hourly as (
    select
        iso,
        market,
        run,
        location_id,
        hour_start_at,
        max(location_name) as location_name,
        max(location_type) as location_type,
        sum(lmp_usd_per_mwh * interval_minutes) / sum(interval_minutes) as lmp_usd_per_mwh,
        sum(energy_usd_per_mwh * interval_minutes) / sum(interval_minutes) as energy_usd_per_mwh,
        sum(congestion_usd_per_mwh * interval_minutes) / sum(interval_minutes) as congestion_usd_per_mwh,
        sum(loss_usd_per_mwh * interval_minutes) / sum(interval_minutes) as loss_usd_per_mwh
    from {{ ref('int_us_price') }}
    where lmp_usd_per_mwh is not null
    group by iso, market, run, location_id, hour_start_at
    having sum(interval_minutes) = 60
)

select
    hourly.iso,
    hourly.market,
    hourly.run,
    hourly.location_id,
    hourly.hour_start_at,
    hourly.location_name,
    hourly.location_type,
    calendar.delivery_date,
    calendar.hour_ending,
    calendar.hours_in_day,
    calendar.is_on_peak,
    hourly.lmp_usd_per_mwh,
    hourly.energy_usd_per_mwh,
    hourly.congestion_usd_per_mwh,
    hourly.loss_usd_per_mwh
from hourly
inner join {{ ref('int_us_market_hour') }} as calendar
    on calendar.iso = hourly.iso
    and calendar.hour_start_at = hourly.hour_start_at
