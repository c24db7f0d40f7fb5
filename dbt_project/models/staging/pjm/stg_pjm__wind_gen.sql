-- Rendered from loaders/sources/pjm/datasets/wind_gen.yml; change that and run `task render`.
select
    area,
    fuel,
    interval_start_at,
    interval_end_at,
    interval_minutes,
    delivery_date,
    hour_label,
    mw,
    source_file,
    source_sha256
from {{ source('pjm', 'wind_gen') }}
