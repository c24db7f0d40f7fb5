-- Rendered from loaders/sources/pjm/datasets/hrl_load_metered.yml; change that and run `task render`.
select
    series,
    area,
    zone,
    interval_start_at,
    interval_end_at,
    interval_minutes,
    delivery_date,
    hour_label,
    mw,
    is_verified,
    source_file,
    source_sha256
from {{ source('pjm', 'hrl_load_metered') }}
