-- Rendered from loaders/sources/isone/datasets/reserve_prices.yml; change that and run `task render`.
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
    spin_requirement_mw,
    ten_minute_requirement_mw,
    total_requirement_mw,
    spin_usd_per_mw,
    non_spin_usd_per_mw,
    operating_30_usd_per_mw,
    source_file,
    source_sha256
from {{ source('isone', 'reserve_prices') }}
