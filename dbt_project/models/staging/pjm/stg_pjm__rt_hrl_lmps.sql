-- Rendered from loaders/sources/pjm/datasets/rt_hrl_lmps.yml; change that and run `task render`.
select
    market,
    run,
    location_id,
    location_name,
    location_type,
    zone,
    voltage,
    equipment,
    interval_start_at,
    interval_end_at,
    interval_minutes,
    delivery_date,
    hour_label,
    lmp_usd_per_mwh,
    energy_usd_per_mwh,
    congestion_usd_per_mwh,
    loss_usd_per_mwh,
    version_nbr,
    is_current,
    source_file,
    source_sha256
from {{ source('pjm', 'rt_hrl_lmps') }}
