with index_periods as (
    select
        settlement_date,
        settlement_period,
        {{ market_index_price() }} as market_index_price_gbp_per_mwh,
        sum(volume_mwh) as market_index_volume_mwh
    from {{ ref('stg_elexon__mid') }}
    where price_gbp_per_mwh is not null
    group by settlement_date, settlement_period
)

select
    prices.settlement_date,
    prices.settlement_period,
    periods.period_start_at,
    prices.system_sell_price_gbp_per_mwh as system_price_gbp_per_mwh,
    prices.price_derivation_code,
    prices.net_imbalance_volume_mwh,
    prices.net_imbalance_volume_mwh > 0 as is_short,
    index_periods.market_index_price_gbp_per_mwh,
    index_periods.market_index_volume_mwh,
    prices.system_sell_price_gbp_per_mwh - index_periods.market_index_price_gbp_per_mwh as price_spread_gbp_per_mwh
from {{ ref('stg_elexon__disebsp') }} as prices
left join index_periods
    on index_periods.settlement_date = prices.settlement_date
    and index_periods.settlement_period = prices.settlement_period
left join {{ ref('int_settlement_periods') }} as periods
    on periods.settlement_date = prices.settlement_date
    and periods.settlement_period = prices.settlement_period
