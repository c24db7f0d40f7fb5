-- Rendered from loaders/sources/isone/datasets/gen_fuel_mix.yml; change that and run `task render`.
select
    area,
    fuel,
    fuel_rollup,
    interval_start_at,
    interval_end_at,
    interval_minutes,
    delivery_date,
    hour_label,
    mw,
    is_marginal,
    source_file,
    source_sha256
from {{ source('isone', 'gen_fuel_mix') }}
