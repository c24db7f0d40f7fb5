-- Rendered from loaders/sources/elexon/datasets/disbsad.yml; change that and run `task render`.
{{ config(event_time='settlement_date') }}
select
    settlement_date,
    settlement_period,
    action_id,
    action_cost_gbp,
    action_volume_mwh,
    is_system_action,
    is_stor,
    party_id,
    asset_id,
    is_tendered,
    service
from {{ source('elexon', 'disbsad') }}
