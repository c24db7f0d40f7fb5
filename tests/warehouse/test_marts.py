"""The marts are the same rows on every warehouse, and right on the days of the clock changes."""

from __future__ import annotations

import pytest

from tests.warehouse.conftest import IN_BATCHES, SPANS, Build, Warehouses
from tests.warehouse.same import Rows, assert_same, mart_rows
from tests.warehouses import Target

PERIOD = ["settlement_date", "settlement_period"]
GRAINS = {
    "dim_bm_unit": ["national_grid_bm_unit"],
    "dim_settlement_period": PERIOD,
    "fct_adjustment_action_half_hourly": [*PERIOD, "service"],
    "fct_adjustment_half_hourly": PERIOD,
    "fct_availability_by_fuel_half_hourly": [*PERIOD, "fuel_type"],
    "fct_boa_cost_half_hourly": [*PERIOD, "national_grid_bm_unit", "side"],
    "fct_boa_volume_half_hourly": [*PERIOD, "national_grid_bm_unit", "side"],
    "fct_demand_forecast_accuracy_monthly": ["demand", "settlement_month", "horizon"],
    "fct_demand_forecast_error_half_hourly": ["demand", *PERIOD, "horizon"],
    "fct_demand_peak_forecast_accuracy_yearly": ["demand", "span", "settlement_year", "lead_time"],
    "fct_demand_peak_forecast_error_daily": ["demand", "settlement_date", "days_ahead"],
    "fct_demand_peak_forecast_error_weekly": ["demand", "week_start_date", "weeks_ahead"],
    "fct_frequency_daily": ["settlement_date"],
    "fct_frequency_half_hourly": PERIOD,
    "fct_generation_daily": ["settlement_date", "fuel_type"],
    "fct_generation_half_hourly": [*PERIOD, "fuel_type"],
    "fct_generation_monthly": ["settlement_month", "fuel_type"],
    "fct_generation_yearly": ["settlement_year", "fuel_type"],
    "fct_imbalance_price_half_hourly": PERIOD,
    "fct_loss_of_load_half_hourly": [*PERIOD, "horizon"],
    "fct_margin_revision_daily": ["measure", "settlement_date", "published_at"],
    "fct_margin_revision_weekly": ["measure", "forecast_year", "forecast_week", "published_at"],
    "fct_non_delivery_half_hourly": [*PERIOD, "national_grid_bm_unit"],
    "fct_outage_daily": ["settlement_date", "affected_unit", "event_type"],
    "fct_physical_position_half_hourly": [*PERIOD, "national_grid_bm_unit"],
    "fct_system_price_daily": ["settlement_date"],
    "fct_system_price_monthly": ["settlement_month"],
    "fct_wind_curtailment_daily": ["settlement_date", "national_grid_bm_unit"],
    "fct_wind_forecast_accuracy_monthly": ["settlement_month", "horizon"],
    "fct_wind_forecast_error_hourly": ["hour_start_at", "horizon"],
}


def _rows(target: Target, mart: str) -> Rows:
    return mart_rows(target, mart, GRAINS[mart])


def test_every_mart_is_compared(built: Warehouses) -> None:
    found = built["duckdb"].query("SELECT table_name FROM information_schema.tables WHERE table_schema = 'marts'")
    assert sorted(name for (name,) in found) == sorted(GRAINS)


@pytest.mark.parametrize("mart", GRAINS)
@pytest.mark.parametrize("other", ["postgres", "bigquery"])
def test_a_mart_has_the_same_rows_on_duckdb_and_elsewhere(built: Warehouses, other: str, mart: str) -> None:
    assert_same(_rows(built["duckdb"], mart), _rows(built[other], mart))


# Not here: the marts of what does not happen in every period, and the frequency, which the publisher thins out.
EVERY_PERIOD = [
    "dim_settlement_period",
    "fct_adjustment_half_hourly",
    "fct_availability_by_fuel_half_hourly",
    "fct_demand_forecast_error_half_hourly",
    "fct_generation_half_hourly",
    "fct_imbalance_price_half_hourly",
    "fct_loss_of_load_half_hourly",
    "fct_non_delivery_half_hourly",
    "fct_physical_position_half_hourly",
]


@pytest.mark.parametrize(("day", "periods"), [("2024-03-31", 46), ("2024-04-01", 48), ("2024-10-27", 50)])
def test_a_day_has_as_many_periods_as_the_clocks_give_it(built: Warehouses, day: str, periods: int) -> None:
    target = built["duckdb"]
    for mart in EVERY_PERIOD:
        [[count, first, last]] = target.query(
            "SELECT COUNT(DISTINCT settlement_period), MIN(settlement_period), MAX(settlement_period) "
            f"FROM marts.{mart} WHERE settlement_date = DATE '{day}'"
        )
        assert (count, first, last) == (periods, 1, periods), mart
    for mart in ("fct_boa_volume_half_hourly", "fct_boa_cost_half_hourly", "fct_frequency_half_hourly"):
        [[rows, beyond]] = target.query(
            f"SELECT COUNT(*), COUNT(CASE WHEN settlement_period > {periods} THEN 1 END) "
            f"FROM marts.{mart} WHERE settlement_date = DATE '{day}'"
        )
        assert rows > 0
        assert beyond == 0, mart
    for mart, column in (("fct_system_price_daily", "periods_present"), ("fct_generation_daily", "periods_in_day")):
        assert set(target.query(f"SELECT {column} FROM marts.{mart} WHERE settlement_date = DATE '{day}'")) == {
            (periods,)
        }, mart


@pytest.mark.parametrize(("day", "hours"), [("2024-03-31", 23), ("2024-04-01", 24), ("2024-10-27", 25)])
def test_a_day_has_as_many_hours_as_the_clocks_give_it(built: Warehouses, day: str, hours: int) -> None:
    target = built["duckdb"]
    [[forecast]] = target.query(
        f"SELECT COUNT(*) FROM marts.fct_wind_forecast_error_hourly WHERE settlement_date = DATE '{day}' "
        "AND horizon = '4h' AND outturn_mw IS NOT NULL"
    )
    [[longest, energy, power]] = target.query(
        "SELECT MAX(unavailable_hours), MAX(unavailable_mwh / unavailable_hours), MAX(unavailable_max_mw) "
        f"FROM marts.fct_outage_daily WHERE settlement_date = DATE '{day}'"
    )
    assert forecast == hours
    assert 0 < longest <= hours * (1 + 1e-9)
    assert energy <= power * (1 + 1e-9)


def test_batches_rebuilt_leave_the_same_marts(built: Warehouses, build_marts: Build) -> None:
    """What is not built in batches is built anew, and from these."""
    target = built["duckdb"]
    before = {mart: _rows(target, mart) for mart in GRAINS}
    build_marts(target, SPANS[-1], IN_BATCHES)
    for mart in GRAINS:
        assert_same(_rows(target, mart), before[mart])


def test_batches_rebuilt_on_bigquery_are_the_same_rows(built: Warehouses, build_marts: Build) -> None:
    """A batch is a partition that is overwritten: what is missing from it comes back, and nothing is doubled."""
    target, mart = built["bigquery"], "fct_availability_by_fuel_half_hourly"
    before = _rows(target, mart)
    target.execute(f"DELETE FROM marts.{mart} WHERE settlement_period = 3")
    for span in SPANS:
        build_marts(target, span, ["--resource-type", "model", "--select", mart])
    assert_same(_rows(target, mart), before)
