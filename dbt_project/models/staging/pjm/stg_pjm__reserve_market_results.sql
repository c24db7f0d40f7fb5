-- Rendered from loaders/sources/pjm/datasets/reserve_market_results.yml; change that and run `task render`.
select
    market,
    run,
    region,
    product,
    interval_start_at,
    interval_end_at,
    interval_minutes,
    delivery_date,
    hour_label,
    as_price_usd_per_mw,
    as_price_capped_usd_per_mw,
    requirement_mw,
    cleared_mw,
    source_file,
    source_sha256
from {{ source('pjm', 'reserve_market_results') }}
