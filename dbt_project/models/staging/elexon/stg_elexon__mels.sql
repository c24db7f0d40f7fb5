-- Rendered from loaders/sources/elexon/datasets/mels.yml; change that and run `task render`.
{{ config(event_time='settlement_date') }}
select
    settlement_date,
    settlement_period,
    from_at,
    to_at,
    level_from_mw,
    level_to_mw,
    notified_at,
    notification_sequence,
    national_grid_bm_unit,
    bm_unit
from {{ source('elexon', 'mels') }}
