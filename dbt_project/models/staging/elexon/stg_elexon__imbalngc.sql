-- Rendered from loaders/sources/elexon/datasets/imbalngc.yml; change that and run `task render`.
{{ config(event_time='published_at') }}
select
    published_at,
    start_at,
    settlement_date,
    settlement_period,
    boundary,
    imbalance_mw
from {{ source('elexon', 'imbalngc') }}
