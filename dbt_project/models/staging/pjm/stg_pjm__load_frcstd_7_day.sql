-- Rendered from loaders/sources/pjm/datasets/load_frcstd_7_day.yml; change that and run `task render`.
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
    source_file,
    source_sha256
from {{ source('pjm', 'load_frcstd_7_day') }}
