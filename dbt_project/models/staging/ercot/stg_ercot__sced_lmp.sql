-- Rendered from loaders/sources/ercot/datasets/sced_lmp.yml; change that and run `task render`.
select
    market,
    run,
    location_id,
    interval_start_at,
    interval_end_at,
    interval_minutes,
    delivery_date,
    hour_label,
    lmp_usd_per_mwh,
    source_file,
    source_sha256
from {{ source('ercot', 'sced_lmp') }}
