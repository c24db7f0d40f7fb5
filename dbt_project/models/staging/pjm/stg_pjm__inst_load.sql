-- Rendered from loaders/sources/pjm/datasets/inst_load.yml; change that and run `task render`.
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
from {{ source('pjm', 'inst_load') }}
