-- Rendered from loaders/sources/elexon/datasets/ndfw.yml; change that and run `task render`.
{{ config(event_time='published_at') }}
select
    published_at,
    forecast_year,
    forecast_week,
    demand_mw
from {{ source('elexon', 'ndfw') }}
