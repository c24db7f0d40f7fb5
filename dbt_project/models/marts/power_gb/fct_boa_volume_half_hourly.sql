{{ config(**monthly_batches('settlement_date', cluster_by=['national_grid_bm_unit'])) }}

select
    settlement_date,
    settlement_period,
    national_grid_bm_unit,
    side,
    volume_mwh,
    system_volume_mwh,
    accepted_seconds
from {{ ref('int_acceptance_volumes') }}
