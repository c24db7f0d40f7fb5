-- Rendered from loaders/sources/caiso/datasets/prc_intvl_as.yml; change that and run `task render`.
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
    source_file,
    source_sha256
from {{ source('caiso', 'prc_intvl_as') }}
