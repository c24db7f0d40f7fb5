-- Rendered from loaders/sources/elexon/datasets/mnzt.yml; change that and run `task render`.
{{ config(event_time='settlement_date') }}
select
    settlement_date,
    settlement_period,
    effective_at,
    minimum_time_minutes,
    national_grid_bm_unit,
    bm_unit
from {{ source('elexon', 'mnzt') }}
