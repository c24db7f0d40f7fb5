{# The imbalance price over days or months, and its spread to the market index: written once. `period` is an expression of
   settlement_date, `name` its column, `length` what the calendar calls the number of periods in it. #}
{% macro system_price_statistics(period, name, length) -%}
with prices as (
    select
        {{ period }} as {{ name }},
        avg(system_sell_price_gbp_per_mwh) as system_price_mean_gbp_per_mwh,
        min(system_sell_price_gbp_per_mwh) as system_price_min_gbp_per_mwh,
        max(system_sell_price_gbp_per_mwh) as system_price_max_gbp_per_mwh,
        sum(system_sell_price_gbp_per_mwh * abs(net_imbalance_volume_mwh))
            / nullif(sum(case when system_sell_price_gbp_per_mwh is not null then abs(net_imbalance_volume_mwh) end), 0)
            as system_price_weighted_gbp_per_mwh,
        count(case when system_sell_price_gbp_per_mwh < 0 then 1 end) as negative_price_periods,
        cast(avg(case when net_imbalance_volume_mwh > 0 then 1.0 when net_imbalance_volume_mwh <= 0 then 0.0 end)
            as {{ type_double() }}) as short_share,
        sum(net_imbalance_volume_mwh) as net_imbalance_volume_mwh,
        count(system_sell_price_gbp_per_mwh) as periods_present
    from {{ ref('stg_elexon__disebsp') }}
    group by {{ period }}
),

market_index as (
    select
        {{ period }} as {{ name }},
        {{ market_index_price() }} as market_index_price_gbp_per_mwh,
        sum(volume_mwh) as market_index_volume_mwh
    from {{ ref('stg_elexon__mid') }}
    where price_gbp_per_mwh is not null
    group by {{ period }}
),

calendar as (
    select {{ period }} as {{ name }}, cast(sum(periods_in_day) as {{ dbt.type_bigint() }}) as {{ length }}
    from {{ ref('int_settlement_days') }}
    group by {{ period }}
)

select
    prices.{{ name }},
    prices.system_price_mean_gbp_per_mwh,
    prices.system_price_min_gbp_per_mwh,
    prices.system_price_max_gbp_per_mwh,
    prices.system_price_weighted_gbp_per_mwh,
    prices.negative_price_periods,
    prices.short_share,
    prices.net_imbalance_volume_mwh,
    market_index.market_index_price_gbp_per_mwh,
    market_index.market_index_volume_mwh,
    prices.system_price_mean_gbp_per_mwh - market_index.market_index_price_gbp_per_mwh as price_spread_gbp_per_mwh,
    prices.periods_present,
    calendar.{{ length }},
    prices.periods_present = calendar.{{ length }} as is_complete
from prices
left join market_index on market_index.{{ name }} = prices.{{ name }}
left join calendar on calendar.{{ name }} = prices.{{ name }}
{%- endmacro %}


{# The market index price of a group of periods and exchanges. One of the two exchanges often publishes price 0 for volume 0:
   weighted by volume it does not count. #}
{% macro market_index_price() -%}
    sum(price_gbp_per_mwh * volume_mwh) / nullif(sum(volume_mwh), 0)
{%- endmacro %}
