{{ config(**monthly_batches('settlement_date')) }}

with horizons as ({{ horizon_rows([4, 12, 24, 48]) }}),

-- Published at most three days and an hour before the hour that they are for.
ranked as (
    select
        periods.settlement_date,
        forecasts.start_at as hour_start_at,
        horizons.horizon,
        forecasts.published_at,
        forecasts.generation_mw,
        row_number() over (
            partition by forecasts.start_at, horizons.horizon order by forecasts.published_at desc
        ) as place
    from {{ ref('stg_elexon__windfor').render() }} as forecasts
    inner join {{ ref('int_settlement_periods') }} as periods on periods.period_start_at = forecasts.start_at
    inner join {{ ref('int_settlement_days') }} as days on days.settlement_date = periods.settlement_date
    cross join horizons
    where forecasts.generation_mw is not null
        and {{ instant_in_batch('forecasts.published_at', days_before=5, days_after=1) }}
        and {{ in_batch('periods.settlement_date') }}
        and forecasts.published_at <= {{ horizon_deadline('forecasts.start_at', 'days.day_start_at') }}
),

-- Half-hours of UTC: an hour of the forecast begins with one of them on every day, and both must be there.
generated as (
    select periods.period_start_at, fuelhh.generation_mw
    from {{ ref('stg_elexon__fuelhh').render() }} as fuelhh
    inner join {{ ref('int_settlement_periods') }} as periods
        on periods.settlement_date = fuelhh.settlement_date
        and periods.settlement_period = fuelhh.settlement_period
    where fuelhh.fuel_type = 'WIND' and {{ in_batch('fuelhh.settlement_date') }}
)

select
    ranked.settlement_date,
    ranked.hour_start_at,
    ranked.horizon,
    ranked.published_at as forecast_published_at,
    ranked.generation_mw as forecast_mw,
    (first_half.generation_mw + second_half.generation_mw) / 2 as outturn_mw,
    ranked.generation_mw - (first_half.generation_mw + second_half.generation_mw) / 2 as error_mw
from ranked
left join generated as first_half on first_half.period_start_at = ranked.hour_start_at
left join generated as second_half on second_half.period_start_at = {{ minutes_after('ranked.hour_start_at', 30) }}
where ranked.place = 1
