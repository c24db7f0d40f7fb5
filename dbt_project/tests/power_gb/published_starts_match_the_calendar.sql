-- The publisher gives some periods with their instant: it must be the calendar's, or a clock was read in the wrong zone.
with published as (
    {% for dataset in ['fuelhh', 'disebsp', 'mid'] %}
    select settlement_date, settlement_period, start_at from {{ ref('stg_elexon__' ~ dataset) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select distinct published.settlement_date, published.settlement_period, published.start_at, calendar.period_start_at
from published
inner join {{ ref('dim_settlement_period') }} as calendar
    on calendar.settlement_date = published.settlement_date
    and calendar.settlement_period = published.settlement_period
where calendar.period_start_at <> published.start_at
