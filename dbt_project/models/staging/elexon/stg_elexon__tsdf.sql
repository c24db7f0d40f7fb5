-- Rendered from loaders/sources/elexon/datasets/tsdf.yml; change that and run `task render`.
{{ config(event_time='published_at') }}
select
    published_at,
    start_at,
    settlement_date,
    settlement_period,
    boundary,
    demand_mw
from {{ source('elexon', 'tsdf') }}
