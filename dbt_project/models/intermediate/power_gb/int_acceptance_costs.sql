-- event_time: a batch of the mart reads its own days of this view.
{{ config(event_time='settlement_date') }}
{% set period = ['settlement_date', 'settlement_period', 'national_grid_bm_unit'] %}

with moved as (
    select
        {{ period | join(', ') }},
        from_second,
        to_second,
        accepted_from_mw - notified_from_mw as moved_from_mw,
        accepted_to_mw - notified_to_mw as moved_to_mw,
        is_system_action
    from {{ ref('int_acceptance_intervals') }}
),

-- Where an interval and a band overlap: the accepted level and both edges of the band are straight.
crossed as (
    select
        {% for column in period %}moved.{{ column }}, {% endfor %}
        case when bands.pair_id > 0 then 1 else -1 end as sign,
        bands.price_gbp_per_mwh,
        moved.is_system_action,
        greatest(moved.from_second, bands.from_second) as from_second,
        least(moved.to_second, bands.to_second) as to_second,
        moved.from_second as moved_from_second,
        moved.to_second as moved_to_second,
        moved.moved_from_mw,
        moved.moved_to_mw,
        bands.from_second as band_from_second,
        bands.to_second as band_to_second,
        bands.near_from_mw,
        bands.near_to_mw,
        bands.far_from_mw,
        bands.far_to_mw
    from moved
    inner join {{ ref('int_bid_offer_bands') }} as bands
        on {% for column in period %}bands.{{ column }} = moved.{{ column }} and {% endfor %}
        bands.from_second < moved.to_second
        and bands.to_second > moved.from_second
),

-- How far the accepted level lies beyond the near and beyond the far edge of the band, at both ends.
beyond as (
    select
        {{ period | join(', ') }},
        sign,
        price_gbp_per_mwh,
        is_system_action,
        to_second - from_second as seconds
        {%- for edge in ['near', 'far'] %}
        {%- for end in ['from', 'to'] %},
        sign * {{ level_at(end ~ '_second', 'moved_from_second', 'moved_to_second', 'moved_from_mw', 'moved_to_mw') }}
            - {{ level_at(end ~ '_second', 'band_from_second', 'band_to_second', edge ~ '_from_mw', edge ~ '_to_mw') }} as beyond_{{ edge }}_{{ end }}_mw
        {%- endfor %}
        {%- endfor %}
    from crossed
),

-- What lies in the band is what lies beyond its near edge less what lies beyond its far one.
energies as (
    select
        {{ period | join(', ') }},
        case when sign > 0 then 'offer' else 'bid' end as side,
        is_system_action,
        price_gbp_per_mwh,
        sign * (
            {{ positive_segment_mwh('seconds', 'beyond_near_from_mw', 'beyond_near_to_mw') }}
            - {{ positive_segment_mwh('seconds', 'beyond_far_from_mw', 'beyond_far_to_mw') }}
        ) as volume_mwh
    from beyond
)

select
    {{ period | join(', ') }},
    side,
    sum(volume_mwh) as priced_volume_mwh,
    sum(volume_mwh * price_gbp_per_mwh) as cost_gbp,
    sum(case when is_system_action then volume_mwh * price_gbp_per_mwh else 0 end) as system_cost_gbp
from energies
where price_gbp_per_mwh is not null
group by {{ period | join(', ') }}, side
