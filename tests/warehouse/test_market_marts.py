"""The marts of the US power markets: the same rows on every warehouse, and right on the day of 25 hours."""

from __future__ import annotations

import pytest

from tests.sandbox.markets import WRITERS
from tests.warehouse.conftest import Domains, Warehouses
from tests.warehouse.domains import AUTUMN, MARKETS
from tests.warehouse.same import Rows, assert_same, mart_rows
from tests.warehouses import Target

PRICE = ["iso", "market", "run", "location_id"]
GRAINS = {
    "fct_lmp": [*PRICE, "interval_start_at"],
    "dim_location": ["iso", "location_id", "version"],
    "fct_price_block_daily": [*PRICE, "delivery_date", "block"],
    "fct_price_block_monthly": [*PRICE, "delivery_month", "block"],
    "fct_price_block_yearly": [*PRICE, "delivery_year", "block"],
    "fct_price_statistics_daily": [*PRICE, "delivery_date"],
    "fct_price_statistics_monthly": [*PRICE, "delivery_month"],
    "fct_da_rt_spread_hourly": ["iso", "location_id", "hour_start_at", "da_run", "rt_market", "rt_run"],
    "fct_congestion_daily": [*PRICE, "delivery_date"],
    "fct_top_bottom_daily": [*PRICE, "delivery_date"],
    "fct_price_duration_yearly": [*PRICE, "delivery_year", "percent_of_hours"],
    "fct_load_weighted_price_monthly": [*PRICE, "load_series", "delivery_month"],
    "fct_as_price": ["iso", "market", "run", "region", "product_native", "interval_start_at"],
    "fct_load": ["iso", "series", "area", "zone", "published_at", "interval_start_at"],
    "fct_fuel_mix": ["iso", "area", "fuel_native", "interval_start_at"],
}


@pytest.fixture(scope="module")
def priced(elsewhere: Domains) -> Warehouses:
    return elsewhere.targets


def rows(target: Target, mart: str, where: str = "1 = 1") -> Rows:
    return mart_rows(target, mart, GRAINS[mart], where)


@pytest.mark.parametrize("mart", GRAINS)
@pytest.mark.parametrize("other", ["postgres", "bigquery"])
def test_a_mart_has_the_same_rows_on_duckdb_and_elsewhere(priced: Warehouses, other: str, mart: str) -> None:
    assert_same(rows(priced["duckdb"], mart), rows(priced[other], mart))


@pytest.mark.parametrize("other", ["postgres", "bigquery"])
def test_the_calendar_is_the_same(priced: Warehouses, other: str) -> None:
    counted = (
        "SELECT iso, hour_ending, is_repeated_hour, is_on_peak, day_type, COUNT(*) FROM marts.dim_market_calendar "
        "GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"
    )
    assert priced["duckdb"].query(counted) == priced[other].query(counted)


def test_every_price_is_the_files_own(priced: Warehouses) -> None:
    """Components are found again, and NYISO's congestion has the sign of the others."""
    found = rows(priced["duckdb"], "fct_lmp", f"delivery_date = DATE '{AUTUMN}'")
    for source, name in (("nyiso", "damlbmp"), ("caiso", "prc_lmp"), ("miso", "da_expost_lmp"), ("spp", "da_lmp")):
        for file in WRITERS[source][name](AUTUMN):
            for identity, at, value in file.truth:
                matching = [row for key, row in found.items() if (key[0], key[3], key[4]) == (source, identity[0], at)]
                assert len(matching) == 1
                component = identity[1] if len(identity) > 1 else "LMP"
                column = {
                    "LMP": "lmp",
                    "MCE": "energy",
                    "MCC": "congestion",
                    "MCL": "loss",
                    "MLC": "loss",
                    "MGHG": "ghg",
                }
                assert matching[0][f"{column[component]}_usd_per_mwh"] == pytest.approx(value)
        energies = {(key[4], round(row["energy_usd_per_mwh"], 3)) for key, row in found.items() if key[0] == source}
        assert len(energies) == (24 if source == "miso" else 25)


def test_the_day_of_25_hours(priced: Warehouses) -> None:
    found = rows(priced["duckdb"], "fct_price_block_daily", f"delivery_date = DATE '{AUTUMN}' AND market = 'da_hourly'")
    hours = {(key[0], key[5]): row["hours"] for key, row in found.items()}
    assert {iso: hours[iso, "atc"] for iso in MARKETS} == {iso: 24 if iso == "miso" else 25 for iso in MARKETS}
    assert {iso for iso, block in hours if block == "on_peak"} == set()  # a Sunday
    repeated = [row for row in rows(priced["duckdb"], "fct_lmp").values() if row["is_repeated_hour"]]
    assert {row["iso"] for row in repeated} == set(MARKETS) - {"miso"}
    assert {row["hour_ending"] for row in repeated} == {2}


def test_five_minutes_make_an_hour(priced: Warehouses) -> None:
    found = rows(priced["duckdb"], "fct_da_rt_spread_hourly", "iso = 'pjm'")
    assert len(found) == 25 * 4
    prices = rows(priced["duckdb"], "fct_lmp", "iso = 'pjm' AND market = 'rt_5min' AND location_id = '48592'")
    for key, row in found.items():
        if key[1] == "48592":
            mine = [one["lmp_usd_per_mwh"] for one in prices.values() if hour(one) == key[2]]
            assert len(mine) == 12
            assert row["rt_price_usd_per_mwh"] == pytest.approx(sum(mine) / 12)
            assert row["dart_spread_usd_per_mwh"] == pytest.approx(row["da_price_usd_per_mwh"] - sum(mine) / 12)


def hour(row: dict[str, object]) -> object:
    return row["interval_start_at"].replace(minute=0)
