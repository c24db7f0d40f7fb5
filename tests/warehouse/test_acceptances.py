"""Accepted volumes against an integration second by second, over acceptances that overlap at random."""

from __future__ import annotations

import pytest

from tests.warehouse.conftest import Warehouses
from tests.warehouse.drawn import SYSTEM_UNIT, UNITS, Volumes


@pytest.mark.parametrize("kind", ["duckdb", "postgres"])
def test_volumes_are_those_of_an_integration_by_seconds(
    kind: str, built: Warehouses, drawn: tuple[Volumes, Volumes]
) -> None:
    volumes, seconds = drawn
    rows = built[kind].query(
        "SELECT settlement_date, settlement_period, national_grid_bm_unit, side, volume_mwh, system_volume_mwh, "
        "accepted_seconds FROM marts.fct_boa_volume_half_hourly "
        f"WHERE national_grid_bm_unit IN ({', '.join(repr(unit) for unit in UNITS)})"
    )
    ours = {(day.isoformat(), period, unit, side): figures for day, period, unit, side, *figures in rows}
    assert len(ours) == len(rows)
    assert ours.keys() == volumes.keys()
    assert sum(map(abs, volumes.values())) > 10_000
    for grain, (volume, system_volume, accepted_seconds) in ours.items():
        # Where the levels cross within a second the integration is coarse, by less than 1 kWh at 30 MW a second.
        assert volume == pytest.approx(volumes[grain], abs=0.002), grain
        assert system_volume == (volume if grain[2] == SYSTEM_UNIT else 0), grain
        assert accepted_seconds == pytest.approx(seconds[grain]), grain
