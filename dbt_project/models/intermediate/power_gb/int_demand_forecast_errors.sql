{{ config(**monthly_batches('settlement_date')) }}
{% set forecasts = {'national': 'ndf', 'transmission': 'tsdf'} %}
{% set period = ['demand', 'settlement_date', 'settlement_period'] %}

-- Forecasts of the day and the day ahead are published at most two days before the period that they are for.
with forecasts as (
    {% for demand, forecast in forecasts.items() %}
    select '{{ demand }}' as demand, settlement_date, settlement_period, published_at, demand_mw
    from {{ ref('stg_elexon__' ~ forecast).render() }}
    where boundary = 'N' and demand_mw is not null
        and {{ instant_in_batch('published_at', days_before=3, days_after=1) }}
        and {{ in_batch('settlement_date') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

outturns as (
    select demand, settlement_date, settlement_period, demand_mw
    from {{ ref('int_demand_outturns').render() }}
    where {{ in_batch('settlement_date') }}
),

horizons as ({{ horizon_rows([1, 2, 4, 8, 12, 24]) }}),

ranked as (
    select
        {% for column in period %}forecasts.{{ column }}, {% endfor %}
        horizons.horizon,
        forecasts.published_at,
        forecasts.demand_mw,
        periods.period_start_at,
        row_number() over (
            partition by {% for column in period %}forecasts.{{ column }}, {% endfor %}horizons.horizon
            order by forecasts.published_at desc
        ) as place
    from forecasts
    inner join {{ ref('int_settlement_periods') }} as periods
        on periods.settlement_date = forecasts.settlement_date
        and periods.settlement_period = forecasts.settlement_period
    inner join {{ ref('int_settlement_days') }} as days on days.settlement_date = forecasts.settlement_date
    cross join horizons
    where forecasts.published_at <= {{ horizon_deadline('periods.period_start_at', 'days.day_start_at') }}
)

select
    {% for column in period %}ranked.{{ column }}, {% endfor %}
    ranked.horizon,
    ranked.period_start_at,
    ranked.published_at as forecast_published_at,
    ranked.demand_mw as forecast_mw,
    outturns.demand_mw as outturn_mw,
    ranked.demand_mw - outturns.demand_mw as error_mw
from ranked
left join outturns
    on {% for column in period %}outturns.{{ column }} = ranked.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}

where ranked.place = 1
