-- Rendered from loaders/sources/isone/datasets/hourly_load_forecast.yml; change that and run `task render`.
select
    series,
    area,
    published_at,
    interval_start_at,
    interval_end_at,
    interval_minutes,
    delivery_date,
    hour_label,
    mw,
    net_load_mw,
    source_file,
    source_sha256
from {{ source('isone', 'hourly_load_forecast') }}
