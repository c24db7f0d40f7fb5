-- Rendered from loaders/sources/isone/datasets/hourly_load.yml; change that and run `task render`.
select
    series,
    area,
    area_id,
    interval_start_at,
    interval_end_at,
    interval_minutes,
    delivery_date,
    hour_label,
    mw,
    native_load_mw,
    dispatchable_demand_mw,
    source_file,
    source_sha256
from {{ source('isone', 'hourly_load') }}
