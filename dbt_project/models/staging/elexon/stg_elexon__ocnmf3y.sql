-- Rendered from loaders/sources/elexon/datasets/ocnmf3y.yml; change that and run `task render`.
{{ config(event_time='published_at') }}
select
    published_at,
    forecast_year,
    forecast_week,
    surplus_mw
from {{ source('elexon', 'ocnmf3y') }}
