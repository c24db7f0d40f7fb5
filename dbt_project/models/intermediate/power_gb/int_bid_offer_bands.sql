-- event_time: a batch reads its own days of this view, and the warehouse pushes that down to the tables.
{{ config(event_time='settlement_date') }}
{% set period = ['settlement_date', 'settlement_period', 'national_grid_bm_unit'] %}

-- One unit in seven is called in a period: the others' prices are not stacked, which is most of the memory.
with called as (select distinct {{ period | join(', ') }} from {{ ref('int_acceptance_intervals') }}),

priced as (
    select
        {% for column in period %}bod.{{ column }}, {% endfor %}
        bod.pair_id,
        bod.from_at,
        bod.to_at,
        abs(bod.level_from_mw) as band_from_mw,
        abs(bod.level_to_mw) as band_to_mw,
        case when bod.pair_id > 0 then bod.offer_gbp_per_mwh else bod.bid_gbp_per_mwh end as price_gbp_per_mwh
    from {{ ref('stg_elexon__bod') }} as bod
    inner join called
        on {% for column in period %}called.{{ column }} = bod.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}
    where bod.pair_id <> 0
        and bod.level_from_mw is not null
        and bod.level_to_mw is not null
        and bod.from_at < bod.to_at
),

-- Bands are stacked outwards from the notified level, pair by pair. Below it their levels are published as negative.
stacked as (
    select
        *,
        sum(band_from_mw) over outwards as far_from_mw,
        sum(band_to_mw) over outwards as far_to_mw
    from priced
    window outwards as (
        partition by {{ period | join(', ') }}, from_at, pair_id > 0 order by abs(pair_id) rows unbounded preceding
    )
)

select
    {% for column in period %}stacked.{{ column }}, {% endfor %}
    stacked.pair_id,
    {{ seconds_between('periods.period_start_at', 'stacked.from_at') }} as from_second,
    {{ seconds_between('periods.period_start_at', 'stacked.to_at') }} as to_second,
    stacked.far_from_mw - stacked.band_from_mw as near_from_mw,
    stacked.far_to_mw - stacked.band_to_mw as near_to_mw,
    stacked.far_from_mw,
    stacked.far_to_mw,
    stacked.price_gbp_per_mwh
from stacked
inner join {{ ref('int_settlement_periods') }} as periods
    on periods.settlement_date = stacked.settlement_date
    and periods.settlement_period = stacked.settlement_period
