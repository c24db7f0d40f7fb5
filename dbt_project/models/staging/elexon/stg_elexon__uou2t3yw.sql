-- Rendered from loaders/sources/elexon/datasets/uou2t3yw.yml; change that and run `task render`.
{{ config(event_time='published_at') }}
select
    published_at,
    forecast_year,
    forecast_week,
    fuel_type,
    national_grid_bm_unit,
    bm_unit,
    output_usable_mw
from {{ source('elexon', 'uou2t3yw') }}
