-- Rendered from loaders/sources/ercot/datasets/dam_as_cleared.yml; change that and run `task render`.
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
    cleared_mw,
    source_file,
    source_sha256
from {{ source('ercot', 'dam_as_cleared') }}
