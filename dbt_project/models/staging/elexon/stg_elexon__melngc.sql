-- Rendered from loaders/sources/elexon/datasets/melngc.yml; change that and run `task render`.
{{ config(event_time='published_at') }}
select
    published_at,
    start_at,
    settlement_date,
    settlement_period,
    boundary,
    margin_mw
from {{ source('elexon', 'melngc') }}
