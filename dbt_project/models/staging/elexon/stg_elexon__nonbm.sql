-- Rendered from loaders/sources/elexon/datasets/nonbm.yml; change that and run `task render`.
{{ config(event_time='settlement_date') }}
select
    published_at,
    start_at,
    settlement_date,
    settlement_period,
    generation_mw
from {{ source('elexon', 'nonbm') }}
