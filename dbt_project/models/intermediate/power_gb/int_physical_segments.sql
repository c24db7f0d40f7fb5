-- event_time: a batch of the mart reads its own days of this view, and the warehouse pushes that down to the tables.
{{ config(event_time='settlement_date') }}
{% set datasets = {'PN': 'pn', 'QPN': 'qpn', 'MEL': 'mels', 'MIL': 'mils'} %}

with published as (
    {% for series, dataset in datasets.items() %}
    select
        settlement_date,
        settlement_period,
        national_grid_bm_unit,
        '{{ series }}' as series,
        from_at,
        to_at,
        level_from_mw,
        level_to_mw
    from {{ ref('stg_elexon__' ~ dataset) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- Seconds after the start of the period: from here on the arithmetic is the same on every warehouse.
timed as (
    select
        published.settlement_date,
        published.settlement_period,
        published.national_grid_bm_unit,
        published.series,
        {{ seconds_between('periods.period_start_at', 'published.from_at') }} as from_second,
        {{ seconds_between('periods.period_start_at', 'published.to_at') }} as to_second,
        published.level_from_mw,
        published.level_to_mw
    from published
    inner join {{ ref('int_settlement_periods') }} as periods
        on periods.settlement_date = published.settlement_date
        and periods.settlement_period = published.settlement_period
    where published.level_from_mw is not null and published.level_to_mw is not null
),

-- A period lasts 1,800 s on every day. A segment without length inside its period carries no energy.
clipped as (
    select
        settlement_date,
        settlement_period,
        national_grid_bm_unit,
        series,
        from_second,
        to_second,
        greatest(from_second, 0) as clipped_from_second,
        least(to_second, 1800) as clipped_to_second,
        level_from_mw,
        level_to_mw
    from timed
    where from_second < to_second and from_second < 1800 and to_second > 0
)

select
    settlement_date,
    settlement_period,
    national_grid_bm_unit,
    series,
    clipped_from_second as from_second,
    clipped_to_second as to_second,
    {{ level_at('clipped_from_second', 'from_second', 'to_second', 'level_from_mw', 'level_to_mw') }} as level_from_mw,
    {{ level_at('clipped_to_second', 'from_second', 'to_second', 'level_from_mw', 'level_to_mw') }} as level_to_mw
from clipped
