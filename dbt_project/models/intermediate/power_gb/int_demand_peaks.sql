-- The peak of a day or week is known when all of its periods are: what is missing may have been higher.
with daily as (
    select
        outturns.demand,
        days.settlement_date,
        days.periods_in_day - count(*) as periods_missing,
        max(outturns.demand_mw) as peak_mw
    from {{ ref('int_demand_outturns') }} as outturns
    inner join {{ ref('int_settlement_days') }} as days on days.settlement_date = outturns.settlement_date
    group by outturns.demand, days.settlement_date, days.periods_in_day
),

weekly as (
    select demand, {{ week_of('settlement_date') }} as first_date, count(*) as days, max(peak_mw) as peak_mw
    from daily
    where periods_missing = 0
    group by demand, {{ week_of('settlement_date') }}
)

select demand, 'day' as span, settlement_date as first_date, peak_mw from daily where periods_missing = 0
union all
select demand, 'week', first_date, peak_mw from weekly where days = 7
