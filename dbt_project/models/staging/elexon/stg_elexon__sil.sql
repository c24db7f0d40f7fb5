-- Rendered from loaders/sources/elexon/datasets/sil.yml; change that and run `task render`.
{{ config(event_time='settlement_date') }}
select
    settlement_date,
    settlement_period,
    effective_at,
    level_mw,
    national_grid_bm_unit,
    bm_unit
from {{ source('elexon', 'sil') }}
