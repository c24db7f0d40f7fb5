{{ config(**monthly_batches('settlement_date', cluster_by=['national_grid_bm_unit'])) }}
{% set grain = ['settlement_date', 'settlement_period', 'national_grid_bm_unit'] %}

-- dbt names the rows of a batch itself on Postgres, so they take their name here.
with positions as (select * from {{ ref('int_physical_positions') }}),

-- What a unit should have delivered: what it notified, and what it was told to add and to leave.
accepted as (
    select
        {{ grain | join(', ') }},
        sum(case when side = 'offer' then volume_mwh end) as offer_mwh,
        sum(case when side = 'bid' then volume_mwh end) as bid_mwh
    from {{ ref('int_acceptance_volumes') }}
    group by {{ grain | join(', ') }}
),

metered as (
    select
        settlement_date,
        settlement_period,
        coalesce(national_grid_bm_unit_id, bm_unit) as national_grid_bm_unit,
        bm_unit,
        metered_volume_mwh
    from {{ ref('stg_elexon__b1610') }}
),

compared as (
    select
        {% for column in grain %}metered.{{ column }}, {% endfor %}
        metered.bm_unit,
        metered.metered_volume_mwh as metered_mwh,
        positions.pn_mwh,
        coalesce(accepted.offer_mwh, 0) as offer_mwh,
        coalesce(accepted.bid_mwh, 0) as bid_mwh,
        positions.pn_mwh + coalesce(accepted.offer_mwh, 0) + coalesce(accepted.bid_mwh, 0) as expected_mwh
    from metered
    left join positions
        on {% for column in grain %}positions.{{ column }} = metered.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}

    left join accepted
        on {% for column in grain %}accepted.{{ column }} = metered.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}

)

select
    {{ grain | join(', ') }},
    bm_unit,
    metered_mwh,
    pn_mwh,
    offer_mwh,
    bid_mwh,
    expected_mwh,
    metered_mwh - expected_mwh as deviation_mwh,
    -- Only what was accepted can fail to be delivered. Spelled out: Postgres would leave a null out of least and greatest.
    case
        when metered_mwh < expected_mwh then least(expected_mwh - metered_mwh, offer_mwh)
        when metered_mwh >= expected_mwh then 0
    end as non_delivered_offer_mwh,
    case
        when metered_mwh > expected_mwh then greatest(expected_mwh - metered_mwh, bid_mwh)
        when metered_mwh <= expected_mwh then 0
    end as non_delivered_bid_mwh
from compared
