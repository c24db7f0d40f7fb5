-- Rendered from loaders/sources/isone/datasets/da_lmp.yml; change that and run `task render`.
select
    market,
    run,
    location_id,
    location_name,
    location_type,
    interval_start_at,
    interval_end_at,
    interval_minutes,
    delivery_date,
    hour_label,
    lmp_usd_per_mwh,
    energy_usd_per_mwh,
    congestion_usd_per_mwh,
    loss_usd_per_mwh,
    source_file,
    source_sha256
from {{ source('isone', 'da_lmp') }}
