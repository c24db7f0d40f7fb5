"""The marts of the US power markets: the same rows on every warehouse, and right on the day of 25 hours."""

from __future__ import annotations

from datetime import date

import pytest

from flows.build import build
from loaders.catalogue import read_catalogue
from tests.conftest import DbtFiles, MakeTarget
from tests.loads import run_files
from tests.sandbox.markets import WRITERS
from tests.warehouse.test_marts import Rows, _assert_same
from tests.warehouses import Target, environment

AUTUMN = date(2024, 11, 3)
# A dataset of each table and of each shape of file; all of them are read in tests/unit.
DATASETS = {
    "pjm": ["da_hrl_lmps", "rt_fivemin_hrl_lmps", "hrl_load_metered", "gen_by_fuel", "da_reserve_market_results"],
    "caiso": ["prc_lmp"],
    "nyiso": ["damlbmp", "pal_integrated", "damasp"],
    "ercot": ["dam_spp"],
    "miso": ["da_expost_lmp"],
    "isone": ["da_lmp", "rt_lmp"],
    "spp": ["da_lmp", "da_mcp"],
}
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
def priced(borrow: MakeTarget, dbt_files: DbtFiles, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Target]:
    """By kind of warehouse: the autumn day of DATASETS, and the marts of this domain."""
    folder = tmp_path_factory.mktemp("markets")
    for source, names in DATASETS.items():
        for name in names:
            for file in WRITERS[source][name](AUTUMN):
                (folder / source).mkdir(exist_ok=True)
                (folder / source / file.name).write_bytes(file.content)
    targets = {kind: borrow(kind) for kind in ("duckdb", "postgres")}
    for kind, target in targets.items():
        for source, names in DATASETS.items():
            outcome = run_files(target, read_catalogue().source(source), folder / source, 2024, names)
            assert (outcome.errors, outcome.rows_quarantined) == ([], 0)
        # Tests of the models run once; those of the columns of staging would cost as much again.
        tests = ["path:models/marts/power_us", "path:models/intermediate/power_us", "path:tests/power_us"]
        tests = tests if kind == "duckdb" else []
        select = ["--select", "+path:models/marts/power_us,resource_type:model", "resource_type:seed", *tests]
        if kind == "postgres":
            select += ["--exclude", "resource_type:test", "resource_type:unit_test"]
        with environment(dbt_files(target)):
            build(options=select, warehouse=target.open(), say=lambda line: None)
    return targets


def rows(target: Target, mart: str, where: str = "1 = 1") -> Rows:
    found = target.query(
        f"SELECT column_name FROM information_schema.columns WHERE table_schema = 'marts' AND table_name = '{mart}'"
    )
    columns = sorted(name for (name,) in found)
    table = target.query(f"SELECT {', '.join(columns)} FROM marts.{mart} WHERE {where}")
    named = [dict(zip(columns, row, strict=True)) for row in table]
    return {tuple(row[column] for column in GRAINS[mart]): row for row in named}


@pytest.mark.parametrize("mart", GRAINS)
def test_a_mart_has_the_same_rows_on_duckdb_and_postgres(priced: dict[str, Target], mart: str) -> None:
    _assert_same(rows(priced["duckdb"], mart), rows(priced["postgres"], mart))


def test_the_calendar_is_the_same(priced: dict[str, Target]) -> None:
    counted = (
        "SELECT iso, hour_ending, is_repeated_hour, is_on_peak, day_type, COUNT(*) FROM marts.dim_market_calendar "
        "GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"
    )
    assert priced["duckdb"].query(counted) == priced["postgres"].query(counted)


def test_every_price_is_the_files_own(priced: dict[str, Target]) -> None:
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


def test_the_day_of_25_hours(priced: dict[str, Target]) -> None:
    found = rows(priced["duckdb"], "fct_price_block_daily", f"delivery_date = DATE '{AUTUMN}' AND market = 'da_hourly'")
    hours = {(key[0], key[5]): row["hours"] for key, row in found.items()}
    assert {iso: hours[iso, "atc"] for iso in DATASETS} == {iso: 24 if iso == "miso" else 25 for iso in DATASETS}
    assert {iso for iso, block in hours if block == "on_peak"} == set()  # a Sunday
    repeated = [row for row in rows(priced["duckdb"], "fct_lmp").values() if row["is_repeated_hour"]]
    assert {row["iso"] for row in repeated} == set(DATASETS) - {"miso"}
    assert {row["hour_ending"] for row in repeated} == {2}


def test_five_minutes_make_an_hour(priced: dict[str, Target]) -> None:
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
    return row["interval_start_at"].replace(minute=0)  # type: ignore[attr-defined]
