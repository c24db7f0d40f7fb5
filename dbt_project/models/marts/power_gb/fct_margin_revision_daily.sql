with published as (
    select 'indicated_margin' as measure, settlement_date, published_at, margin_mw from {{ ref('int_indicated_margins') }}
    union all
    select 'surplus', forecast_date, published_at, surplus_mw from {{ ref('stg_elexon__ocnmfd') }}
    union all
    select 'margin', forecast_date, published_at, margin_mw from {{ ref('stg_elexon__ocnmfd2') }}
)

select
    published.measure,
    published.settlement_date,
    published.published_at,
    {{ seconds_between('published.published_at', 'days.day_start_at') }} / 3600 as hours_ahead,
    {{ revision_path(['published.measure', 'published.settlement_date'], 'margin_mw') }}
from published
left join {{ ref('int_settlement_days') }} as days on days.settlement_date = published.settlement_date
where published.margin_mw is not null
