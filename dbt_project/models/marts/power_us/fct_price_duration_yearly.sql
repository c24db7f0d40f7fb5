with percents as ({{ number_rows(0, 100) }}),

ranked as (
    select
        iso,
        market,
        run,
        location_id,
        {{ period_of('delivery_date', 'year') }} as delivery_year,
        lmp_usd_per_mwh,
        row_number() over (
            partition by iso, market, run, location_id, {{ period_of('delivery_date', 'year') }}
            order by lmp_usd_per_mwh desc, hour_start_at
        ) - 1 as place,
        count(*) over (partition by iso, market, run, location_id, {{ period_of('delivery_date', 'year') }}) as hours
    from {{ ref('int_us_price_hourly') }}
),

-- Between two hours the curve is straight. Weights are whole hundredths, so that no rounding shows.
points as (
    select
        ranked.iso,
        ranked.market,
        ranked.run,
        ranked.location_id,
        ranked.delivery_year,
        percents.n as percent_of_hours,
        ranked.hours,
        ranked.lmp_usd_per_mwh * (100 - abs(percents.n * (ranked.hours - 1) - 100 * ranked.place)) as part
    from ranked
    inner join percents
        on abs(percents.n * (ranked.hours - 1) - 100 * ranked.place) < 100
)

select
    iso,
    market,
    run,
    location_id,
    delivery_year,
    cast(percent_of_hours as {{ dbt.type_bigint() }}) as percent_of_hours,
    max(hours) as hours,
    sum(part) / 100 as price_usd_per_mwh
from points
group by iso, market, run, location_id, delivery_year, percent_of_hours
