with against_hub as (
    select
        prices.iso,
        prices.market,
        prices.run,
        prices.location_id,
        prices.delivery_date,
        prices.lmp_usd_per_mwh,
        prices.congestion_usd_per_mwh,
        prices.loss_usd_per_mwh,
        prices.lmp_usd_per_mwh - hub_prices.lmp_usd_per_mwh as basis_usd_per_mwh,
        prices.congestion_usd_per_mwh - hub_prices.congestion_usd_per_mwh as basis_congestion_usd_per_mwh,
        prices.loss_usd_per_mwh - hub_prices.loss_usd_per_mwh as basis_loss_usd_per_mwh
    from {{ ref('int_us_price_hourly') }} as prices
    left join {{ ref('market_hubs') }} as hubs on hubs.iso = prices.iso
    left join {{ ref('int_us_price_hourly') }} as hub_prices
        on hub_prices.iso = hubs.iso
        and hub_prices.location_id = hubs.location_id
        and hub_prices.market = prices.market
        and hub_prices.run = prices.run
        and hub_prices.hour_start_at = prices.hour_start_at
)

select
    iso,
    market,
    run,
    location_id,
    delivery_date,
    count(*) as hours,
    avg(lmp_usd_per_mwh) as price_mean_usd_per_mwh,
    avg(congestion_usd_per_mwh) as congestion_mean_usd_per_mwh,
    sum(congestion_usd_per_mwh) as congestion_sum_usd_per_mw,
    avg(congestion_usd_per_mwh) / nullif(avg(lmp_usd_per_mwh), 0) as congestion_share,
    avg(loss_usd_per_mwh) as loss_mean_usd_per_mwh,
    sum(loss_usd_per_mwh) as loss_sum_usd_per_mw,
    avg(loss_usd_per_mwh) / nullif(avg(lmp_usd_per_mwh), 0) as loss_share,
    avg(basis_usd_per_mwh) as basis_to_hub_usd_per_mwh,
    avg(basis_congestion_usd_per_mwh) as basis_congestion_usd_per_mwh,
    avg(basis_loss_usd_per_mwh) as basis_loss_usd_per_mwh,
    count(basis_usd_per_mwh) as hours_with_hub
from against_hub
group by iso, market, run, location_id, delivery_date
