-- A view: the rows are stored once, by the model below, which the sums by fuel read too.
{{ config(materialized='view') }}

select
    settlement_date,
    settlement_period,
    national_grid_bm_unit,
    pn_mwh,
    qpn_mwh,
    mel_mwh,
    mil_mwh,
    headroom_mwh,
    footroom_mwh,
    pn_covered_seconds,
    is_pn_above_mel
from {{ ref('int_physical_positions') }}
