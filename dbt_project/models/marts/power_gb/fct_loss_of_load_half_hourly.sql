{{ config(**monthly_batches('settlement_date')) }}

with horizons as (
    select * from ({{ horizon_rows([1, 2, 4, 8, 12]) }}) as named where minutes is not null
),

-- Published within two days of the period that it is for.
ranked as (
    select
        published.settlement_date,
        published.settlement_period,
        horizons.horizon,
        periods.period_start_at,
        published.published_at,
        published.loss_of_load_probability,
        published.derated_margin_mw,
        row_number() over (
            partition by published.settlement_date, published.settlement_period, horizons.horizon
            order by published.published_at desc
        ) as place
    from {{ ref('stg_elexon__lolpdrm').render() }} as published
    inner join {{ ref('int_settlement_periods') }} as periods
        on periods.settlement_date = published.settlement_date
        and periods.settlement_period = published.settlement_period
    cross join horizons
    where {{ instant_in_batch('published.published_at', days_before=3, days_after=1) }}
        and {{ in_batch('published.settlement_date') }}
        and published.published_at <= {{ minutes_after('periods.period_start_at', '-horizons.minutes') }}
)

select
    settlement_date,
    settlement_period,
    horizon,
    period_start_at,
    published_at,
    loss_of_load_probability,
    derated_margin_mw
from ranked
where place = 1
