-- A zone's load is joined by NYISO's number and by PJM's name of it; no other market here prints one key in both files.
with load_hours as (
    select
        iso,
        coalesce(area_id, area) as area_key,
        {{ hour_of('interval_start_at') }} as hour_start_at,
        series,
        avg(mw) as load_mw
    from {{ ref('int_us_load') }}
    where series in ('actual_metered', 'actual_integrated') and iso in ('pjm', 'nyiso') and mw is not null
    group by iso, coalesce(area_id, area), {{ hour_of('interval_start_at') }}, series
),

weighted as (
    select
        prices.iso,
        prices.market,
        prices.run,
        prices.location_id,
        loads.series as load_series,
        {{ period_of('prices.delivery_date', 'month') }} as delivery_month,
        prices.lmp_usd_per_mwh,
        loads.load_mw
    from {{ ref('int_us_price_hourly') }} as prices
    inner join load_hours as loads
        on loads.iso = prices.iso
        and loads.area_key = case when prices.iso = 'nyiso' then prices.location_id else prices.location_name end
        and loads.hour_start_at = prices.hour_start_at
    where prices.location_type = 'zone'
)

select
    iso,
    market,
    run,
    location_id,
    load_series,
    delivery_month,
    count(*) as hours,
    sum(load_mw) as load_mwh,
    sum(lmp_usd_per_mwh * load_mw) / nullif(sum(load_mw), 0) as load_weighted_price_usd_per_mwh,
    avg(lmp_usd_per_mwh) as price_mean_usd_per_mwh
from weighted
group by iso, market, run, location_id, load_series, delivery_month
