{{ config(**monthly_batches('settlement_date')) }}

-- dbt names the rows of a batch itself on Postgres, so they take their name here.
with positions as (select * from {{ ref('int_physical_positions') }})

select
    positions.settlement_date,
    positions.settlement_period,
    coalesce(units.fuel_type, 'unknown') as fuel_type,
    coalesce(max(units.fuel_category), 'unknown') as fuel_category,
    count(*) as units,
    {%- for quantity in ['pn', 'qpn', 'mel', 'mil', 'headroom', 'footroom'] %}
    sum(positions.{{ quantity }}_mwh) as {{ quantity }}_mwh,
    {%- endfor %}
    count(case when positions.is_pn_above_mel then 1 end) as units_above_mel
from positions
left join {{ ref('int_bm_units_registered') }} as units
    on units.national_grid_bm_unit = positions.national_grid_bm_unit
group by positions.settlement_date, positions.settlement_period, coalesce(units.fuel_type, 'unknown')
