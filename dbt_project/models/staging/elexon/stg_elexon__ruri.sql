-- Rendered from loaders/sources/elexon/datasets/ruri.yml; change that and run `task render`.
{{ config(event_time='settlement_date') }}
select
    settlement_date,
    settlement_period,
    effective_at,
    rate_1_mw_per_minute,
    elbow_2_mw,
    rate_2_mw_per_minute,
    elbow_3_mw,
    rate_3_mw_per_minute,
    national_grid_bm_unit,
    bm_unit
from {{ source('elexon', 'ruri') }}
