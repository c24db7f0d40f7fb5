-- Rendered from loaders/sources/pjm/datasets/gen_by_fuel.yml; change that and run `task render`.
select
    area,
    fuel,
    interval_start_at,
    interval_end_at,
    interval_minutes,
    delivery_date,
    hour_label,
    mw,
    fuel_share,
    is_renewable,
    source_file,
    source_sha256
from {{ source('pjm', 'gen_by_fuel') }}
