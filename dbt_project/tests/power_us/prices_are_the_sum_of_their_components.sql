-- As printed, with two decimals in the coarsest market: 0.011 USD/MWh. Fails with a price that is not.
select iso, market, run, location_id, interval_start_at, lmp_usd_per_mwh
from {{ ref('fct_lmp') }}
where abs(
    lmp_usd_per_mwh - energy_usd_per_mwh - congestion_usd_per_mwh - loss_usd_per_mwh - coalesce(ghg_usd_per_mwh, 0)
) > 0.011
-- Hour-ahead prices of CAISO may be published without their greenhouse gas component.
and not (iso = 'caiso' and ghg_usd_per_mwh is null)
