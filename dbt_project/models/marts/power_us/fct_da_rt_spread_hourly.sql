-- Every vintage of the day ahead against every one of real time: which of them settles is the market's rule, not ours.
select
    ahead.iso,
    ahead.location_id,
    ahead.hour_start_at,
    ahead.run as da_run,
    actual.market as rt_market,
    actual.run as rt_run,
    ahead.delivery_date,
    ahead.hour_ending,
    ahead.is_on_peak,
    ahead.lmp_usd_per_mwh as da_price_usd_per_mwh,
    actual.lmp_usd_per_mwh as rt_price_usd_per_mwh,
    ahead.lmp_usd_per_mwh - actual.lmp_usd_per_mwh as dart_spread_usd_per_mwh,
    ahead.congestion_usd_per_mwh - actual.congestion_usd_per_mwh as dart_congestion_usd_per_mwh
from {{ ref('int_us_price_hourly') }} as ahead
inner join {{ ref('int_us_price_hourly') }} as actual
    on actual.iso = ahead.iso
    and actual.location_id = ahead.location_id
    and actual.hour_start_at = ahead.hour_start_at
    and actual.market <> 'da_hourly'
where ahead.market = 'da_hourly'
