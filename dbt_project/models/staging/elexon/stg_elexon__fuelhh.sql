-- Rendered from loaders/sources/elexon/datasets/fuelhh.yml; change that and run `task render`.
{{ config(event_time='settlement_date') }}
select
    published_at,
    start_at,
    settlement_date,
    settlement_period,
    fuel_type,
    generation_mw
from {{ source('elexon', 'fuelhh') }}
