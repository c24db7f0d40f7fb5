-- Rendered from loaders/sources/elexon/datasets/netbsad.yml; change that and run `task render`.
{{ config(event_time='settlement_date') }}
select
    settlement_date,
    settlement_period,
    net_buy_price_cost_adjustment_energy_gbp,
    net_buy_price_volume_adjustment_energy_mwh,
    net_buy_price_volume_adjustment_system_mwh,
    buy_price_price_adjustment_gbp_per_mwh,
    net_sell_price_cost_adjustment_energy_gbp,
    net_sell_price_volume_adjustment_energy_mwh,
    net_sell_price_volume_adjustment_system_mwh,
    sell_price_price_adjustment_gbp_per_mwh
from {{ source('elexon', 'netbsad') }}
