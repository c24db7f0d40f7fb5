with price_days as (
    select
        settlement_date,
        avg(system_sell_price_gbp_per_mwh) as system_price_mean_gbp_per_mwh,
        min(system_sell_price_gbp_per_mwh) as system_price_min_gbp_per_mwh,
        max(system_sell_price_gbp_per_mwh) as system_price_max_gbp_per_mwh,
        count(case when system_sell_price_gbp_per_mwh < 0 then 1 end) as negative_price_periods,
        cast(avg(case when net_imbalance_volume_mwh > 0 then 1.0 when net_imbalance_volume_mwh <= 0 then 0.0 end)
            as {{ type_double() }}) as short_share,
        sum(net_imbalance_volume_mwh) as net_imbalance_volume_mwh,
        count(system_sell_price_gbp_per_mwh) as periods_present
    from {{ ref('stg_elexon__disebsp') }}
    group by settlement_date
),

-- One of the two exchanges often publishes price 0 for volume 0: weighted by volume it does not count.
index_days as (
    select
        settlement_date,
        sum(price_gbp_per_mwh * volume_mwh) / nullif(sum(volume_mwh), 0) as market_index_price_gbp_per_mwh,
        sum(volume_mwh) as market_index_volume_mwh
    from {{ ref('stg_elexon__mid') }}
    where price_gbp_per_mwh is not null
    group by settlement_date
)

select
    price_days.settlement_date,
    price_days.system_price_mean_gbp_per_mwh,
    price_days.system_price_min_gbp_per_mwh,
    price_days.system_price_max_gbp_per_mwh,
    price_days.negative_price_periods,
    price_days.short_share,
    price_days.net_imbalance_volume_mwh,
    index_days.market_index_price_gbp_per_mwh,
    index_days.market_index_volume_mwh,
    price_days.system_price_mean_gbp_per_mwh - index_days.market_index_price_gbp_per_mwh as price_spread_gbp_per_mwh,
    price_days.periods_present,
    days.periods_in_day,
    price_days.periods_present = days.periods_in_day as is_complete
from price_days
left join index_days on index_days.settlement_date = price_days.settlement_date
left join {{ ref('int_settlement_days') }} as days on days.settlement_date = price_days.settlement_date
