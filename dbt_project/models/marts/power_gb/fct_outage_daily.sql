{% set unit_day = ['settlement_date', 'affected_unit', 'event_type'] %}

-- The calendar ends: an outage without an end is said to last for decades.
with calendar as (
    select min(settlement_date) as first_day, max(settlement_date) as last_day from {{ ref('int_settlement_days') }}
),

bounded as (
    select
        segments.*,
        greatest({{ local_date('segments.from_at', 'Europe/London') }}, calendar.first_day) as first_day,
        least({{ local_date('segments.to_at', 'Europe/London') }}, calendar.last_day) as last_day
    from {{ ref('int_outage_segments') }} as segments
    cross join calendar
),

-- Its days are counted out and looked up by name: compared with the bounds of all days, ten years of messages take minutes.
spanned as (
    {{ day_rows('bounded', 'first_day', 'last_day') }}
),

-- Each day that a segment touches, in seconds after the start of that day.
daily as (
    select
        days.settlement_date,
        segments.affected_unit,
        segments.event_type,
        segments.mrid,
        segments.unavailability_type,
        segments.fuel_type,
        segments.fuel_name,
        segments.normal_capacity_mw,
        segments.unavailable_mw,
        {{ seconds_between('days.day_start_at', 'greatest(segments.from_at, days.day_start_at)') }} as from_second,
        {{ seconds_between('days.day_start_at', 'least(segments.to_at, days.day_end_at)') }} as to_second
    from spanned as segments
    inner join {{ ref('int_settlement_days') }} as days on days.settlement_date = segments.day
    where segments.to_at > days.day_start_at  -- one that ends at midnight does not touch the day that begins then
),

edges as (
    select {{ unit_day | join(', ') }}, from_second as second from daily
    union distinct
    select {{ unit_day | join(', ') }}, to_second as second from daily
),

spans as (
    select
        {{ unit_day | join(', ') }},
        second as from_second,
        lead(second) over (partition by {{ unit_day | join(', ') }} order by second) as to_second
    from edges
),

-- Messages of a unit overlap, often about one and the same outage: the deepest counts, they are not added up.
deepest as (
    select
        {% for column in unit_day %}spans.{{ column }}, {% endfor %}
        (spans.to_second - spans.from_second) / 3600 as hours,
        max(daily.unavailable_mw) as unavailable_mw
    from spans
    inner join daily
        on {% for column in unit_day %}daily.{{ column }} = spans.{{ column }} and {% endfor %}
        daily.from_second <= spans.from_second
        and daily.to_second >= spans.to_second
    group by {% for column in unit_day %}spans.{{ column }}, {% endfor %}spans.from_second, spans.to_second
),

energies as (
    select
        {{ unit_day | join(', ') }},
        sum(unavailable_mw * hours) as unavailable_mwh,
        sum(hours) as unavailable_hours,
        max(unavailable_mw) as unavailable_max_mw
    from deepest
    group by {{ unit_day | join(', ') }}
),

messages as (
    select
        {{ unit_day | join(', ') }},
        count(distinct mrid) as messages,
        min({{ byte_order('fuel_type') }}) as fuel_type,
        min({{ byte_order('fuel_name') }}) as fuel_name,
        max(normal_capacity_mw) as normal_capacity_mw,
        max(case when unavailability_type = 'Unplanned' then 1 else 0 end) = 1 as is_unplanned
    from daily
    group by {{ unit_day | join(', ') }}
)

select
    {% for column in unit_day %}energies.{{ column }}, {% endfor %}
    messages.fuel_type,
    messages.fuel_name,
    messages.normal_capacity_mw,
    energies.unavailable_mwh,
    energies.unavailable_hours,
    energies.unavailable_max_mw,
    messages.is_unplanned,
    messages.messages
from energies
inner join messages
    on {% for column in unit_day %}messages.{{ column }} = energies.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}
