-- Rendered from loaders/sources/ercot/datasets/load_by_weather_zone.yml; change that and run `task render`.
select
    series,
    area,
    interval_start_at,
    interval_end_at,
    interval_minutes,
    delivery_date,
    hour_label,
    mw,
    source_file,
    source_sha256
from {{ source('ercot', 'load_by_weather_zone') }}
