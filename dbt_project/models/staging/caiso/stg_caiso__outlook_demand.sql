-- Rendered from loaders/sources/caiso/datasets/outlook_demand.yml; change that and run `task render`.
select
    area,
    series,
    interval_start_at,
    interval_end_at,
    interval_minutes,
    delivery_date,
    hour_label,
    mw,
    source_file,
    source_sha256
from {{ source('caiso', 'outlook_demand') }}
