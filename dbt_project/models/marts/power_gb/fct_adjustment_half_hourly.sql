with actions as (
    select
        settlement_date,
        settlement_period,
        count(*) as actions,
        sum(action_cost_gbp) as action_cost_gbp,
        sum(action_volume_mwh) as action_volume_mwh
    from {{ ref('stg_elexon__disbsad') }}
    group by settlement_date, settlement_period
)

select
    net.settlement_date,
    net.settlement_period,
    periods.period_start_at,
    net.net_buy_price_cost_adjustment_energy_gbp,
    net.net_buy_price_volume_adjustment_energy_mwh,
    net.net_buy_price_volume_adjustment_system_mwh,
    net.buy_price_price_adjustment_gbp_per_mwh,
    net.net_sell_price_cost_adjustment_energy_gbp,
    net.net_sell_price_volume_adjustment_energy_mwh,
    net.net_sell_price_volume_adjustment_system_mwh,
    net.sell_price_price_adjustment_gbp_per_mwh,
    coalesce(actions.actions, 0) as actions,
    coalesce(actions.action_cost_gbp, 0) as action_cost_gbp,
    coalesce(actions.action_volume_mwh, 0) as action_volume_mwh
from {{ ref('stg_elexon__netbsad') }} as net
left join actions
    on actions.settlement_date = net.settlement_date
    and actions.settlement_period = net.settlement_period
left join {{ ref('int_settlement_periods') }} as periods
    on periods.settlement_date = net.settlement_date
    and periods.settlement_period = net.settlement_period
