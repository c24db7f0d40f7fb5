select
    disbsad.settlement_date,
    disbsad.settlement_period,
    coalesce(disbsad.service, 'none given') as service,
    min(periods.period_start_at) as period_start_at,
    count(*) as actions,
    sum(disbsad.action_cost_gbp) as cost_gbp,
    sum(disbsad.action_volume_mwh) as volume_mwh,
    sum(case when disbsad.action_volume_mwh > 0 then disbsad.action_volume_mwh else 0 end) as buy_volume_mwh,
    sum(case when disbsad.action_volume_mwh < 0 then disbsad.action_volume_mwh else 0 end) as sell_volume_mwh,
    sum(case when disbsad.is_system_action then disbsad.action_volume_mwh else 0 end) as system_volume_mwh,
    -- Actions without a cost have no price: their volume stays out of it.
    sum(disbsad.action_cost_gbp)
        / nullif(sum(case when disbsad.action_cost_gbp is not null then disbsad.action_volume_mwh end), 0)
        as price_gbp_per_mwh
from {{ ref('stg_elexon__disbsad') }} as disbsad
left join {{ ref('int_settlement_periods') }} as periods
    on periods.settlement_date = disbsad.settlement_date
    and periods.settlement_period = disbsad.settlement_period
group by disbsad.settlement_date, disbsad.settlement_period, coalesce(disbsad.service, 'none given')
