{{ config(materialized='table') }}
{% set forecasts = {'national': 'ndf', 'transmission': 'tsdf'} %}
{% set published_day = local_date('published_at', 'Europe/London') %}
{% set target = ['demand', 'span', 'first_date'] %}

-- A week by its Monday, as the calendar of ISO 8601 numbers it.
with weeks as (
    select
        cast(extract(isoyear from settlement_date) as {{ dbt.type_bigint() }}) as iso_year,
        {{ iso_week('settlement_date') }} as iso_week,
        settlement_date as first_date
    from {{ ref('int_calendar_days') }}
    where settlement_date = {{ week_of('settlement_date') }}
),

forecasts as (
    {% for demand, forecast in forecasts.items() %}
    select
        '{{ demand }}' as demand,
        'day' as span,
        forecast_date as first_date,
        {{ dbt.datediff(published_day, 'forecast_date', 'day') }} as lead_time,
        published_at,
        demand_mw
    from {{ ref('stg_elexon__' ~ forecast ~ 'd') }}
    union all
    select
        '{{ demand }}',
        'week',
        weeks.first_date,
        cast({{ dbt.datediff(week_of(published_day), 'weeks.first_date', 'day') }} / 7 as {{ dbt.type_bigint() }}),
        weekly.published_at,
        weekly.demand_mw
    from {{ ref('stg_elexon__' ~ forecast ~ 'w') }} as weekly
    left join weeks on weeks.iso_year = weekly.forecast_year and weeks.iso_week = weekly.forecast_week
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- A day or week may be forecast more than once on the same day or in the same week: the last forecast stands.
ranked as (
    select
        *,
        row_number() over (partition by {{ target | join(', ') }}, lead_time order by published_at desc) as place
    from forecasts
    where demand_mw is not null
)

select
    {% for column in target %}ranked.{{ column }}, {% endfor %}
    ranked.lead_time,
    ranked.published_at as forecast_published_at,
    ranked.demand_mw as forecast_mw,
    peaks.peak_mw as outturn_mw,
    ranked.demand_mw - peaks.peak_mw as error_mw
from ranked
left join {{ ref('int_demand_peaks') }} as peaks
    on {% for column in target %}peaks.{{ column }} = ranked.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}

where ranked.place = 1
