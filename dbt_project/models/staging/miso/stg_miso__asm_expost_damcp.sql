-- Rendered from loaders/sources/miso/datasets/asm_expost_damcp.yml; change that and run `task render`.
select
    market,
    run,
    region,
    region_type,
    product,
    interval_start_at,
    interval_end_at,
    interval_minutes,
    delivery_date,
    hour_label,
    as_price_usd_per_mw,
    source_file,
    source_sha256
from {{ source('miso', 'asm_expost_damcp') }}
