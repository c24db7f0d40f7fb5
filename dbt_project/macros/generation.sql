{# Shares and totals of generation_mwh at a grain: written once for every grain. Only fuels that put power in count as
   generation; interconnectors are trade, and a fuel that takes power (pumping) gets a negative share. #}
{% macro generation_mix(grain) -%}
    {%- set generates = 'not is_interconnector and generation_mwh > 0' -%}
    {%- set over = 'over (partition by ' ~ grain ~ ')' -%}
    {%- set total = 'sum(case when ' ~ generates ~ ' then generation_mwh end) ' ~ over -%}
    case when not is_interconnector then generation_mwh / {{ total }} end as generation_share,
    {{ total }} as total_generation_mwh,
    sum(case when is_interconnector then generation_mwh end) {{ over }} as net_import_mwh,
    sum(case when {{ generates }} and is_low_carbon then generation_mwh else 0 end) {{ over }}
        / {{ total }} as low_carbon_share
{%- endmacro %}


{# Energy and shares by fuel over days, months or years: written once. `period` is an expression of settlement_date, `name` its
   column, `length` what the calendar calls the number of settlement periods in it. #}
{% macro generation_totals(period, name, length) -%}
with generation as (
    select
        {{ period }} as {{ name }},
        fuel_type,
        fuel_name,
        fuel_category,
        is_interconnector,
        is_low_carbon,
        sum(generation_mwh) as generation_mwh,
        count(generation_mwh) as periods_present
    from {{ ref('int_generation_by_fuel') }}
    group by {{ period }}, fuel_type, fuel_name, fuel_category, is_interconnector, is_low_carbon
),

calendar as (
    select {{ period }} as {{ name }}, cast(sum(periods_in_day) as {{ dbt.type_bigint() }}) as {{ length }}
    from {{ ref('int_settlement_days') }}
    group by {{ period }}
)

select
    generation.{{ name }},
    generation.fuel_type,
    generation.fuel_name,
    generation.fuel_category,
    generation.is_interconnector,
    generation.is_low_carbon,
    generation.generation_mwh,
    {{ generation_mix('generation.' ~ name) }},
    generation.periods_present,
    calendar.{{ length }},
    min(generation.periods_present) over (partition by generation.{{ name }}) = calendar.{{ length }} as is_complete
from generation
left join calendar on calendar.{{ name }} = generation.{{ name }}
{%- endmacro %}
