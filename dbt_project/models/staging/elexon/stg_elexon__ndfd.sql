-- Rendered from loaders/sources/elexon/datasets/ndfd.yml; change that and run `task render`.
{{ config(event_time='published_at') }}
select
    published_at,
    forecast_date,
    demand_mw
from {{ source('elexon', 'ndfd') }}
