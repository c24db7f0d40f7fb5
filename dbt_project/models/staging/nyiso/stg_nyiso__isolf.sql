-- Rendered from loaders/sources/nyiso/datasets/isolf.yml; change that and run `task render`.
select
    series,
    area,
    published_date,
    interval_start_at,
    interval_end_at,
    interval_minutes,
    delivery_date,
    hour_label,
    mw,
    source_file,
    source_sha256
from {{ source('nyiso', 'isolf') }}
