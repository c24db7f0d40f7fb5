-- A batch is a month: half a million accepted segments against four million notified ones.
{{ config(**monthly_batches('settlement_date', cluster_by=['national_grid_bm_unit'])) }}
{% set grain = ['settlement_date', 'settlement_period', 'national_grid_bm_unit'] %}

-- A segment is stored with the day on which it starts and may reach into the next one: acceptances end within hours.
with days_ahead as ({{ number_rows(0, 1) }}),

accepted as (
    select
        boalf.settlement_date + cast(days_ahead.n as integer) as settlement_date,
        boalf.national_grid_bm_unit,
        boalf.from_at,
        boalf.to_at,
        boalf.level_from_mw,
        boalf.level_to_mw,
        boalf.accepted_at,
        boalf.acceptance_number,
        boalf.is_system_action
    from {{ ref('stg_elexon__boalf').render() }} as boalf
    cross join days_ahead
    where {{ in_batch('boalf.settlement_date', days_before=1) }}
        and boalf.from_at < boalf.to_at
        and boalf.level_from_mw is not null
        and boalf.level_to_mw is not null
),

-- Every period that a segment touches, in seconds after the start of that period.
timed as (
    select
        periods.settlement_date,
        periods.settlement_period,
        accepted.national_grid_bm_unit,
        {{ seconds_between('periods.period_start_at', 'accepted.from_at') }} as from_second,
        {{ seconds_between('periods.period_start_at', 'accepted.to_at') }} as to_second,
        accepted.level_from_mw,
        accepted.level_to_mw,
        accepted.accepted_at,
        accepted.acceptance_number,
        accepted.is_system_action
    from accepted
    inner join {{ ref('int_settlement_periods') }} as periods
        on periods.settlement_date = accepted.settlement_date
        and periods.period_start_at < accepted.to_at
        and periods.period_end_at > accepted.from_at
    where {{ in_batch('periods.settlement_date') }}
),

edges as (
    select {{ grain | join(', ') }}, greatest(from_second, 0) as second from timed
    union distinct
    select {{ grain | join(', ') }}, least(to_second, 1800) as second from timed
),

-- Between two neighbouring edges no acceptance begins or ends. They are numbered: BigQuery does not partition by a double.
spans as (
    select
        {{ grain | join(', ') }},
        row_number() over edges_in_order as span,
        second as from_second,
        lead(second) over edges_in_order as to_second
    from edges
    window edges_in_order as (partition by {{ grain | join(', ') }} order by second)
),

-- Of the acceptances that cover a span the latest stands; of two in one instant, the one with the higher number.
ranked as (
    select
        {% for column in grain %}spans.{{ column }}, {% endfor %}
        spans.from_second,
        spans.to_second,
        timed.from_second as accepted_from_second,
        timed.to_second as accepted_to_second,
        timed.level_from_mw,
        timed.level_to_mw,
        timed.accepted_at,
        timed.acceptance_number,
        timed.is_system_action,
        row_number() over (
            partition by {% for column in grain %}spans.{{ column }}, {% endfor %}spans.span
            order by timed.accepted_at desc, timed.acceptance_number desc, timed.from_second desc
        ) as place
    from spans
    inner join timed
        on {% for column in grain %}timed.{{ column }} = spans.{{ column }} and {% endfor %}
        timed.from_second <= spans.from_second
        and timed.to_second >= spans.to_second
),

standing as (select * from ranked where place = 1),

notified as (
    select {{ grain | join(', ') }}, from_second, to_second, level_from_mw, level_to_mw
    from {{ ref('int_physical_segments') }}
    where series = 'PN'
),

elementary as (
    select
        {% for column in grain %}standing.{{ column }}, {% endfor %}
        greatest(standing.from_second, notified.from_second) as from_second,
        least(standing.to_second, notified.to_second) as to_second,
        standing.accepted_from_second,
        standing.accepted_to_second,
        standing.level_from_mw as accepted_from_mw,
        standing.level_to_mw as accepted_to_mw,
        standing.accepted_at,
        standing.acceptance_number,
        standing.is_system_action,
        notified.from_second as notified_from_second,
        notified.to_second as notified_to_second,
        notified.level_from_mw as notified_from_mw,
        notified.level_to_mw as notified_to_mw
    from standing
    inner join notified
        on {% for column in grain %}notified.{{ column }} = standing.{{ column }} and {% endfor %}
        notified.from_second < standing.to_second
        and notified.to_second > standing.from_second
)

select
    {{ grain | join(', ') }},
    from_second,
    to_second,
    {%- for series in ['accepted', 'notified'] %}
    {%- for end in ['from', 'to'] %}
    {{ level_at(end ~ '_second', series ~ '_from_second', series ~ '_to_second', series ~ '_from_mw', series ~ '_to_mw') }} as {{ series }}_{{ end }}_mw,
    {%- endfor %}
    {%- endfor %}
    accepted_at,
    acceptance_number,
    coalesce(is_system_action, false) as is_system_action
from elementary
