-- Rendered from loaders/sources/elexon/datasets/disebsp.yml; change that and run `task render`.
{{ config(event_time='settlement_date') }}
select
    settlement_date,
    settlement_period,
    start_at,
    created_at,
    system_sell_price_gbp_per_mwh,
    system_buy_price_gbp_per_mwh,
    is_bsad_defaulted,
    price_derivation_code,
    reserve_scarcity_price_gbp_per_mwh,
    net_imbalance_volume_mwh,
    sell_price_adjustment_gbp_per_mwh,
    buy_price_adjustment_gbp_per_mwh,
    replacement_price_gbp_per_mwh,
    replacement_price_reference_volume_mwh,
    total_accepted_offer_volume_mwh,
    total_accepted_bid_volume_mwh,
    total_adjustment_sell_volume_mwh,
    total_adjustment_buy_volume_mwh,
    total_system_tagged_accepted_offer_volume_mwh,
    total_system_tagged_accepted_bid_volume_mwh,
    total_system_tagged_adjustment_sell_volume_mwh,
    total_system_tagged_adjustment_buy_volume_mwh
from {{ source('elexon', 'disebsp') }}
