-- Rendered from loaders/sources/elexon/datasets/b1610.yml; change that and run `task render`.
{{ config(event_time='settlement_date') }}
select
    settlement_date,
    settlement_period,
    half_hour_end_at,
    psr_type,
    national_grid_bm_unit_id,
    bm_unit,
    metered_volume_mwh
from {{ source('elexon', 'b1610') }}
