-- Rendered from loaders/sources/elexon/datasets/mid.yml; change that and run `task render`.
{{ config(event_time='settlement_date') }}
select
    start_at,
    data_provider,
    settlement_date,
    settlement_period,
    price_gbp_per_mwh,
    volume_mwh
from {{ source('elexon', 'mid') }}
