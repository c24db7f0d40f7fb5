-- Rendered from loaders/sources/nyiso/datasets/pal_integrated.yml; change that and run `task render`.
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
    source_file,
    source_sha256
from {{ source('nyiso', 'pal_integrated') }}
