-- Rendered from loaders/sources/elexon/datasets/boalf.yml; change that and run `task render`.
{{ config(event_time='settlement_date') }}
select
    settlement_date,
    settlement_period_from,
    settlement_period_to,
    from_at,
    to_at,
    level_from_mw,
    level_to_mw,
    acceptance_number,
    accepted_at,
    is_deemed,
    is_system_action,
    amendment_flag,
    is_stor,
    is_replacement_reserve,
    national_grid_bm_unit,
    bm_unit
from {{ source('elexon', 'boalf') }}
