-- Rendered from loaders/sources/elexon/datasets/ocnmfd.yml; change that and run `task render`.
{{ config(event_time='published_at') }}
select
    published_at,
    forecast_date,
    surplus_mw
from {{ source('elexon', 'ocnmfd') }}
