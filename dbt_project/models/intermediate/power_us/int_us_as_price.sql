{%- set columns = {
    'market': 'string', 'run': 'string', 'region': 'string', 'product': 'string', 'interval_start_at': 'timestamp',
    'interval_end_at': 'timestamp', 'interval_minutes': 'integer', 'delivery_date': 'date', 'as_price_usd_per_mw': 'double',
    'requirement_mw': 'double', 'cleared_mw': 'double', 'version_nbr': 'integer', 'is_current': 'boolean'
} -%}
{%- set models = [
    ('pjm', 'stg_pjm__da_ancillary_services'), ('pjm', 'stg_pjm__ancillary_services'), ('pjm', 'stg_pjm__da_reserve_market_results'),
    ('pjm', 'stg_pjm__reserve_market_results'), ('caiso', 'stg_caiso__prc_as'), ('caiso', 'stg_caiso__prc_intvl_as'),
    ('ercot', 'stg_ercot__dam_mcpc'), ('ercot', 'stg_ercot__dam_as_cleared'), ('miso', 'stg_miso__asm_expost_damcp'),
    ('miso', 'stg_miso__asm_rtmcp_final')
] -%}
{%- set spp = [
    ['reg_up_usd_per_mw', 'RegUP'], ['reg_down_usd_per_mw', 'RegDN'], ['spin_usd_per_mw', 'Spin'], ['supplemental_usd_per_mw', 'Supp'],
    ['ramp_up_usd_per_mw', 'RampUP'], ['ramp_down_usd_per_mw', 'RampDN'], ['uncertainty_up_usd_per_mw', 'UncUP']
] -%}
{%- set mileage = [['reg_up_mileage_usd_per_mw', 'RegUpMile'], ['reg_down_mileage_usd_per_mw', 'RegDNMile']] -%}
{%- set nyiso = [
    ['spin_usd_per_mw', '10 Min Spinning Reserve'], ['non_spin_usd_per_mw', '10 Min Non-Synchronous Reserve'],
    ['operating_30_usd_per_mw', '30 Min Operating Reserve'], ['regulation_usd_per_mw', 'NYCA Regulation Capacity']
] -%}
{%- set movement = [['regulation_movement_usd_per_mw', 'NYCA Regulation Movement']] -%}
{%- set isone = [
    ['spin_usd_per_mw', 'Ten-Minute Spinning Reserve'], ['non_spin_usd_per_mw', 'Ten-Minute Reserve'],
    ['operating_30_usd_per_mw', 'Total Reserve']
] -%}

with long as (
    {{ union_in_columns(models, columns) }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by iso, market, run, region, product, interval_start_at
            order by case when is_current then 0 else 1 end, coalesce(version_nbr, 1) desc
        ) as place
    from long
)

-- What ERCOT cleared stands in another file than its price: one row holds both.
select
    iso,
    market,
    run,
    region,
    product as product_native,
    interval_start_at,
    interval_end_at,
    interval_minutes,
    delivery_date,
    max(as_price_usd_per_mw) as price_usd_per_mw,
    max(requirement_mw) as requirement_mw,
    max(cleared_mw) as cleared_mw
from ranked
where place = 1 or iso = 'ercot'
group by iso, market, run, region, product, interval_start_at, interval_end_at, interval_minutes, delivery_date
union all
{{ products_in_rows('spp', ref('stg_spp__da_mcp'), spp) }}
union all
{{ products_in_rows('spp', ref('stg_spp__rtbm_mcp'), spp + mileage) }}
union all
{{ products_in_rows('nyiso', ref('stg_nyiso__damasp'), nyiso) }}
union all
{{ products_in_rows('nyiso', ref('stg_nyiso__rtasp'), nyiso + movement) }}
union all
{{ products_in_rows('isone', ref('stg_isone__reserve_prices'), isone) }}
