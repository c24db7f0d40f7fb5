-- Rendered from loaders/sources/elexon/datasets/lolpdrm.yml; change that and run `task render`.
{{ config(event_time='published_at') }}
select
    published_at,
    publishing_period_start_at,
    start_at,
    settlement_date,
    settlement_period,
    loss_of_load_probability,
    derated_margin_mw
from {{ source('elexon', 'lolpdrm') }}
