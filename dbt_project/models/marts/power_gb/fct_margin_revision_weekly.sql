with published as (
    select 'surplus' as measure, forecast_year, forecast_week, published_at, surplus_mw as margin_mw
    from {{ ref('stg_elexon__ocnmf3y') }}
    union all
    select 'margin', forecast_year, forecast_week, published_at, margin_mw
    from {{ ref('stg_elexon__ocnmf3y2') }}
)

select
    measure,
    forecast_year,
    forecast_week,
    published_at,
    {{ revision_path(['measure', 'forecast_year', 'forecast_week'], 'margin_mw') }}
from published
where margin_mw is not null
