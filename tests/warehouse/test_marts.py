"""The marts are the same rows on every warehouse, and right on the days of the clock changes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from tests.warehouses import Target

GRAINS = {
    "dim_bm_unit": ["national_grid_bm_unit"],
    "dim_settlement_period": ["settlement_date", "settlement_period"],
    "fct_generation_daily": ["settlement_date", "fuel_type"],
    "fct_generation_half_hourly": ["settlement_date", "settlement_period", "fuel_type"],
    "fct_physical_position_half_hourly": ["settlement_date", "settlement_period", "national_grid_bm_unit"],
    "fct_system_price_daily": ["settlement_date"],
}
Rows = dict[tuple[Any, ...], dict[str, Any]]


def _rows(target: Target, mart: str) -> Rows:
    """A mart's rows by grain, each as its columns."""
    columns = _columns(target, mart)
    found = [
        dict(zip(columns, row, strict=True)) for row in target.query(f"SELECT {', '.join(columns)} FROM marts.{mart}")
    ]
    return {tuple(row[column] for column in GRAINS[mart]): row for row in found}


def _assert_same(ours: Rows, theirs: Rows) -> None:
    assert ours.keys() == theirs.keys()
    assert ours
    for grain, row in ours.items():
        assert row.keys() == theirs[grain].keys()
        for column, left in row.items():
            right = theirs[grain][column]
            if isinstance(left, float) and isinstance(right, float):
                # Sums of doubles depend on their order in the last bits.
                assert math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9), (grain, column, left, right)
            else:
                assert left == right, (grain, column, left, right)


def _columns(target: Target, mart: str) -> list[str]:
    found = target.query(
        f"SELECT column_name FROM information_schema.columns WHERE table_schema = 'marts' AND table_name = '{mart}'"
    )
    return sorted(name for (name,) in found)


def test_every_mart_is_compared(built: dict[str, Target]) -> None:
    found = built["duckdb"].query("SELECT table_name FROM information_schema.tables WHERE table_schema = 'marts'")
    assert sorted(name for (name,) in found) == sorted(GRAINS)


@pytest.mark.parametrize("mart", GRAINS)
def test_a_mart_has_the_same_rows_on_duckdb_and_postgres(built: dict[str, Target], mart: str) -> None:
    _assert_same(_rows(built["duckdb"], mart), _rows(built["postgres"], mart))


@pytest.mark.parametrize(("day", "periods"), [("2024-03-31", 46), ("2024-10-27", 50), ("2024-10-28", 48)])
def test_a_day_has_as_many_periods_as_the_clocks_give_it(built: dict[str, Target], day: str, periods: int) -> None:
    for target in built.values():
        for mart in ("fct_generation_half_hourly", "fct_physical_position_half_hourly"):
            [[found]] = target.query(
                f"SELECT COUNT(DISTINCT settlement_period) FROM marts.{mart} WHERE settlement_date = DATE '{day}'"
            )
            assert found == periods, (target.name, mart)
        [[present, expected]] = target.query(
            f"SELECT periods_present, periods_in_day FROM marts.fct_system_price_daily "
            f"WHERE settlement_date = DATE '{day}'"
        )
        assert present == expected == periods


def test_a_rebuild_leaves_the_same_marts(built: dict[str, Target], build_marts: Callable[[Target], None]) -> None:
    target = built["duckdb"]
    before = {mart: _rows(target, mart) for mart in GRAINS}
    build_marts(target)
    for mart in GRAINS:
        _assert_same(_rows(target, mart), before[mart])
