-- Rendered from loaders/sources/caiso/datasets/sld_fcst.yml; change that and run `task render`.
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
from {{ source('caiso', 'sld_fcst') }}
