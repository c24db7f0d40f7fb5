-- A batch is a month: 14 million segments, which build within 1 GB of DuckDB.
{{ config(**monthly_batches('settlement_date', cluster_by=['national_grid_bm_unit'])) }}
{% set grain = ['settlement_date', 'settlement_period', 'national_grid_bm_unit'] %}
{% set segment = (grain + ['series', 'from_second', 'to_second', 'level_from_mw', 'level_to_mw']) | join(', ') %}

-- The view is read three times, not shared: a shared CTE would store a month of segments in between.
with limits as (
    select {{ segment }} from {{ ref('int_physical_segments') }} where series in ('MEL', 'MIL')
),

notified as (
    select {{ segment }} from {{ ref('int_physical_segments') }} where series = 'PN'
),

-- Where a segment of a limit and one of the notification overlap, both are straight: the elementary intervals.
elementary as (
    select
        {% for column in grain %}limits.{{ column }}, {% endfor %}
        limits.series,
        greatest(limits.from_second, notified.from_second) as from_second,
        least(limits.to_second, notified.to_second) as to_second,
        limits.from_second as limit_from_second,
        limits.to_second as limit_to_second,
        limits.level_from_mw as limit_from_mw,
        limits.level_to_mw as limit_to_mw,
        notified.from_second as notified_from_second,
        notified.to_second as notified_to_second,
        notified.level_from_mw as notified_from_mw,
        notified.level_to_mw as notified_to_mw
    from limits
    inner join notified
        on {% for column in grain %}notified.{{ column }} = limits.{{ column }} and {% endfor %}
        notified.from_second < limits.to_second
        and notified.to_second > limits.from_second
),

-- The room up to the maximum export limit, or down to the maximum import limit, at both ends of the interval.
margins as (
    select
        {% for column in grain %}{{ column }}, {% endfor %}
        series,
        to_second - from_second as seconds,
        {%- for end in ['from', 'to'] %}
        case when series = 'MEL' then 1 else -1 end * (
            {{ level_at(end ~ '_second', 'limit_from_second', 'limit_to_second', 'limit_from_mw', 'limit_to_mw') }}
            - {{ level_at(end ~ '_second', 'notified_from_second', 'notified_to_second', 'notified_from_mw', 'notified_to_mw') }}
        ) as margin_{{ end }}_mw{{ ',' if not loop.last }}
        {%- endfor %}
    from elementary
),

energies as (
    select
        {% for column in grain %}{{ column }}, {% endfor %}
        series as quantity,
        {{ segment_mwh('to_second - from_second', 'level_from_mw', 'level_to_mw') }} as mwh,
        to_second - from_second as seconds,
        0 as is_above
    from {{ ref('int_physical_segments') }}
    union all
    select
        {% for column in grain %}{{ column }}, {% endfor %}
        case when series = 'MEL' then 'headroom' else 'footroom' end as quantity,
        {{ positive_segment_mwh('seconds', 'margin_from_mw', 'margin_to_mw') }} as mwh,
        seconds,
        -- One watt: less than that is what interpolation leaves between equal levels.
        case when least(margin_from_mw, margin_to_mw) < -0.000001 then 1 else 0 end as is_above
    from margins
)

select
    {% for column in grain %}{{ column }}, {% endfor %}
    {%- for quantity in ['PN', 'QPN', 'MEL', 'MIL', 'headroom', 'footroom'] %}
    sum(case when quantity = '{{ quantity }}' then mwh end) as {{ quantity | lower }}_mwh,
    {%- endfor %}
    sum(case when quantity = 'PN' then seconds end) as pn_covered_seconds,
    max(case when quantity = 'headroom' then is_above end) = 1 as is_pn_above_mel
from energies
group by {{ grain | join(', ') }}
