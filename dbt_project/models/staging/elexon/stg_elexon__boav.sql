-- Rendered from loaders/sources/elexon/datasets/boav.yml; change that and run `task render`.
{{ config(event_time='settlement_date') }}
select
    side,
    settlement_date,
    settlement_period,
    start_at,
    created_at,
    bm_unit,
    national_grid_bm_unit,
    bm_unit_type,
    lead_party_name,
    acceptance_id,
    acceptance_duration,
    total_volume_accepted_mwh,
    pair_volumes
from {{ source('elexon', 'boav') }}
