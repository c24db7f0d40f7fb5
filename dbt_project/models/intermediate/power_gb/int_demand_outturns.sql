-- event_time: a batch reads its own days of this view.
{{ config(event_time='settlement_date') }}

-- Of what was published more than once the last stands.
with ranked as (
    {% for demand, outturn in {'national': 'indo', 'transmission': 'itsdo'}.items() %}
    select
        '{{ demand }}' as demand,
        settlement_date,
        settlement_period,
        demand_mw,
        row_number() over (partition by settlement_date, settlement_period order by published_at desc) as place
    from {{ ref('stg_elexon__' ~ outturn) }}
    where demand_mw is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select demand, settlement_date, settlement_period, demand_mw
from ranked
where place = 1
