-- Rendered from loaders/sources/miso/datasets/da_exante_lmp.yml; change that and run `task render`.
select
    market,
    run,
    location_id,
    location_type,
    component,
    interval_start_at,
    interval_end_at,
    interval_minutes,
    delivery_date,
    hour_label,
    price_usd_per_mwh,
    source_file,
    source_sha256
from {{ source('miso', 'da_exante_lmp') }}
