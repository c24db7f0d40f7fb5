-- event_time: a batch of the marts reads its own days of this view.
{{ config(event_time='settlement_date') }}
{% set grain = 'settlement_date, settlement_period, national_grid_bm_unit' %}

-- Above the notification power is bought, an offer; below it power is sold back, a bid. A line may cross from one to the other.
with sides as (
    {% for side, sign in {'offer': 1, 'bid': -1}.items() %}
    select
        {{ grain }},
        '{{ side }}' as side,
        {{ sign }} as sign,
        {{ sign }} * (accepted_from_mw - notified_from_mw) as moved_from_mw,
        {{ sign }} * (accepted_to_mw - notified_to_mw) as moved_to_mw,
        to_second - from_second as seconds,
        is_system_action
    from {{ ref('int_acceptance_intervals') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

energies as (
    select
        {{ grain }},
        side,
        sign * ({{ positive_segment_mwh('seconds', 'moved_from_mw', 'moved_to_mw') }}) as volume_mwh,
        seconds,
        is_system_action
    from sides
)

select
    {{ grain }},
    side,
    sum(volume_mwh) as volume_mwh,
    sum(case when is_system_action then volume_mwh else 0 end) as system_volume_mwh,
    sum(seconds) as accepted_seconds
from energies
group by {{ grain }}, side
