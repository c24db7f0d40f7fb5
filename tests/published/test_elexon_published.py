"""Elexon as it was really published: recorded files through the sandbox's HTTP into a warehouse.

The files are not part of the project. MILLRACE_PUBLISHED_DATA names the folder; its elexon/samples/PROVENANCE.md says
where each comes from.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from tests.conftest import MakeTarget
from tests.loads import ELEXON, day, declared_columns, ledger, load_days, run_load
from tests.sandbox import Sandbox
from tests.warehouses import Target

FOLDER = os.environ.get("MILLRACE_PUBLISHED_DATA")
pytestmark = [
    pytest.mark.published,
    pytest.mark.skipif(FOLDER is None, reason="MILLRACE_PUBLISHED_DATA names no published samples"),
]
SAMPLES = Path(FOLDER or ".") / "elexon" / "samples"
ONE_DAY = "2022-03-19"
REPLAY = {
    "PN": "PN/pn_2022-03-19_sp27_all_bmus.insights_shape.json",
    "QPN": "QPN/qpn_2022-03-19_sp27_all_bmus.insights_shape.json",
    "MELS": "MELS/mels_2022-03-19_sp27_all_bmus.insights_shape.json",
    "MILS": "MILS/mils_2022-03-19_sp27_all_bmus.insights_shape.json",
    "BOALF": "BOALF/boalf_2022-03-19_sp27_all_bmus.insights_shape.json",
    "BOD": "BOD/bod_2022-03-19_sp27_all_bmus.insights_shape.json",
    "FUELHH": "FUELHH/fuelhh_2022-01-01_2022-08-05.insights_shape.parquet",
    "DISEBSP": "SYSTEM_PRICES/system_prices_2019-04-08_2022-05-25.insights_shape.parquet",
    "REMIT": "REMIT/remit_raw_messages.jsonl",
    "BM_UNITS": "_reference/bmunits_all.json",
}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder = tmp_path_factory.mktemp("published")
    replay = {code: SAMPLES / path for code, path in REPLAY.items()}
    replay |= {"RDRI": sparse_rates(folder / "rdri.json"), "WINDFOR": wind_forecasts(folder / "windfor.parquet")}
    with Sandbox(scale=0.003, replay=replay) as sandbox:
        yield sandbox


def sparse_rates(path: Path) -> Path:
    """The published rates as the API has them: numbers, and no key where the file has nothing."""
    with (SAMPLES / "RDRI" / "rdri_2025_excerpt.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    words = ("dataset", "settlementDate", "time", "nationalGridBmUnit", "bmUnit")
    numbers = [{key: text if key in words else json.loads(text) for key, text in row.items() if text} for row in rows]
    path.write_text(json.dumps(numbers))
    return path


def wind_forecasts(path: Path) -> Path:
    """The published forecasts as the API has them. When they were issued is not known: a month's on its first day."""
    source = SAMPLES / "WINDFOR" / "windfor_latest_2024-01-01_2025-12-27.cleaned.parquet"
    duckdb.execute(
        f"""
        COPY (
            SELECT
                'WINDFOR' AS dataset,
                strftime(date_trunc('month', half_hour_time), '%Y-%m-%dT00:00:00Z') AS "publishTime",
                strftime(half_hour_time, '%Y-%m-%dT%H:%M:%SZ') AS "startTime",
                sys_wind_gen_forecast AS generation
            FROM '{source}' ORDER BY half_hour_time
        ) TO '{path}' (FORMAT parquet)
        """
    )
    return path


@pytest.fixture(scope="module")
def target(make_target: MakeTarget) -> Target:
    return make_target("duckdb")


def load(target: Target, published: Sandbox, name: str, first: str, last: str | None = None) -> int:
    """Load and give the rows that are there; nothing may fail or be quarantined."""
    outcome = run_load(target, published.url("elexon"), [name], first, last)
    assert (outcome.exit_code, outcome.errors, outcome.rows_quarantined) == (0, [], 0)
    rows = target.count(ELEXON.dataset(name).table)
    assert rows == outcome.rows_loaded
    return rows


@pytest.mark.parametrize(
    ("name", "rows"),
    [("pn", 1_540), ("qpn", 1_353), ("mels", 1_451), ("mils", 1_372), ("boalf", 121), ("bod", 2_562)],
)
def test_a_settlement_period_of_every_unit(name: str, rows: int, target: Target, published: Sandbox) -> None:
    dataset = ELEXON.dataset(name)
    assert load(target, published, name, ONE_DAY) == rows
    assert len(set(target.rows(dataset.table, dataset.grain))) == rows


def test_seven_months_of_generation_by_fuel(target: Target, published: Sandbox) -> None:
    assert load(target, published, "fuelhh", "2022-01-01", "2022-08-05") == 187_452
    [(days, short)] = target.query(
        "SELECT COUNT(DISTINCT settlement_date), MAX(CASE WHEN settlement_date = DATE '2022-03-27' "
        "THEN settlement_period END) FROM raw.elexon__fuelhh"
    )
    assert (days, short) == (217, 46)


def test_three_years_of_system_prices(target: Target, published: Sandbox) -> None:
    assert load(target, published, "disebsp", "2019-04-08", "2022-05-25") == 54_912
    [(instants, gaps)] = target.query(
        "SELECT COUNT(DISTINCT start_at), COUNT(*) FILTER (WHERE start_at - earlier <> INTERVAL 30 MINUTE) "
        "FROM (SELECT start_at, LAG(start_at) OVER (ORDER BY start_at) AS earlier FROM raw.elexon__disebsp)"
    )
    assert (instants, gaps) == (54_912, 0)


def test_messages_with_all_their_segments(target: Target, published: Sandbox) -> None:
    days = sorted(
        {
            date.fromisoformat(str(record["publishTime"])[:10])
            for record in published.elexon.recordings["REMIT"]._documents
        }
    )
    outcome = load_days(target, published.url("elexon"), {"remit": days})
    assert (outcome.exit_code, outcome.errors, outcome.rows_quarantined) == (0, [], 0)
    assert target.count("elexon__remit") == 594
    assert {entry["status"] for entry in ledger(target, "remit")} == {"loaded"}
    [(segments,)] = target.query(
        "SELECT SUM(json_array_length(outage_profile)) FROM raw.elexon__remit WHERE outage_profile IS NOT NULL"
    )
    assert segments == 2_931


def test_the_whole_register(target: Target, published: Sandbox) -> None:
    assert load(target, published, "bm_units", ONE_DAY) == 2_733
    [(capacity,)] = target.query("SELECT SUM(generation_capacity_mw) FROM raw.elexon__bm_units")
    assert capacity > 100_000, "capacities are published as text and stored as numbers"
    assert declared_columns(ELEXON.dataset("bm_units"))[0] == "national_grid_bm_unit"


def test_rates_with_columns_that_whole_days_lack(target: Target, published: Sandbox) -> None:
    days = sorted({day(str(record["settlementDate"])) for record in published.elexon.recordings["RDRI"]._documents})
    outcome = load_days(target, published.url("elexon"), {"rdri": days})
    assert (outcome.exit_code, outcome.errors, outcome.rows_quarantined) == (0, [], 0)
    [(rows, elbows, twice)] = target.query(
        "SELECT COUNT(*), COUNT(elbow_2_mw), COUNT(*) - COUNT(DISTINCT (settlement_date, settlement_period, "
        "national_grid_bm_unit)) FROM raw.elexon__rdri"
    )
    assert (rows, elbows, twice) == (13, 4, 2), "two units changed twice in a settlement period"


def test_two_years_of_wind_forecasts(target: Target, published: Sandbox) -> None:
    days = [date(year, month, 1) for year in (2024, 2025) for month in range(1, 13)]
    outcome = load_days(target, published.url("elexon"), {"windfor": days})
    assert (outcome.exit_code, outcome.errors, outcome.rows_quarantined) == (0, [], 0)
    [(rows, lowest)] = target.query("SELECT COUNT(*), MIN(generation_mw) FROM raw.elexon__windfor")
    assert rows == 34_758
    assert lowest >= 0


def test_a_month_of_empty_days_is_an_error_on_every_run(target: Target, published: Sandbox) -> None:
    for _ in range(2):  # the days are done after the first, the month is not
        outcome = run_load(target, published.url("elexon"), ["rdri"], "2025-03-01", "2025-03-31")
        assert (outcome.exit_code, outcome.windows_failed, outcome.months_empty) == (2, 0, 1)
        assert "elexon.rdri 2025-03: none of its 31 days has a row" in outcome.errors[0]
