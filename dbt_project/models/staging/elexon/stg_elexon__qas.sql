-- Rendered from loaders/sources/elexon/datasets/qas.yml; change that and run `task render`.
{{ config(event_time='settlement_date') }}
select
    settlement_date,
    settlement_period,
    applicable_balancing_services_volume_mwh,
    national_grid_bm_unit,
    bm_unit
from {{ source('elexon', 'qas') }}
