-- Rendered from loaders/sources/nyiso/datasets/rtasp.yml; change that and run `task render`.
select
    market,
    run,
    region,
    area_id,
    interval_start_at,
    interval_end_at,
    interval_minutes,
    delivery_date,
    hour_label,
    spin_usd_per_mw,
    non_spin_usd_per_mw,
    operating_30_usd_per_mw,
    regulation_usd_per_mw,
    regulation_movement_usd_per_mw,
    source_file,
    source_sha256
from {{ source('nyiso', 'rtasp') }}
