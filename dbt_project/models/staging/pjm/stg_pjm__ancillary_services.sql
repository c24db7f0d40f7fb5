-- Rendered from loaders/sources/pjm/datasets/ancillary_services.yml; change that and run `task render`.
select
    market,
    run,
    region,
    product,
    price_unit,
    interval_start_at,
    interval_end_at,
    interval_minutes,
    delivery_date,
    hour_label,
    as_price_usd_per_mw,
    version_nbr,
    is_current,
    source_file,
    source_sha256
from {{ source('pjm', 'ancillary_services') }}
