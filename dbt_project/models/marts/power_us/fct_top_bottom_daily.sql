with ranked as (
    select
        iso,
        market,
        run,
        location_id,
        delivery_date,
        hours_in_day,
        lmp_usd_per_mwh,
        count(*) over (partition by iso, market, run, location_id, delivery_date) as hours,
        row_number() over (
            partition by iso, market, run, location_id, delivery_date order by lmp_usd_per_mwh desc, hour_start_at
        ) as from_top,
        row_number() over (
            partition by iso, market, run, location_id, delivery_date order by lmp_usd_per_mwh, hour_start_at
        ) as from_bottom
    from {{ ref('int_us_price_hourly') }}
),

sums as (
    select
        iso,
        market,
        run,
        location_id,
        delivery_date,
        max(hours) as hours,
        sum(case when from_top <= 2 then lmp_usd_per_mwh else 0 end)
            - sum(case when from_bottom <= 2 then lmp_usd_per_mwh else 0 end) as tb2_usd_per_mw_day,
        sum(case when from_top <= 4 then lmp_usd_per_mwh else 0 end)
            - sum(case when from_bottom <= 4 then lmp_usd_per_mwh else 0 end) as tb4_usd_per_mw_day
    from ranked
    where hours = hours_in_day
    group by iso, market, run, location_id, delivery_date
)

select
    iso,
    market,
    run,
    location_id,
    delivery_date,
    hours,
    tb2_usd_per_mw_day,
    tb4_usd_per_mw_day,
    tb2_usd_per_mw_day / 2 as tb2_usd_per_mwh,
    tb4_usd_per_mw_day / 4 as tb4_usd_per_mwh
from sums
