"""The marts give the figures that are published for the published samples."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from flows.build import build
from tests.conftest import DbtFiles, MakeTarget
from tests.loads import UNHURRIED, run_load
from tests.sandbox import Sandbox
from tests.warehouses import environment

pytestmark = pytest.mark.published

PERIOD = "settlement_date = DATE '2022-03-19' AND settlement_period = 27"


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def figures(
    request: pytest.FixtureRequest, borrow: MakeTarget, dbt_files: DbtFiles
) -> Callable[[str], list[tuple[object, ...]]]:
    """Queries on the marts of the samples, which the loader got over HTTP."""
    if "MILLRACE_PUBLISHED_DATA" not in os.environ:
        pytest.skip("MILLRACE_PUBLISHED_DATA names no folder of published samples")
    samples = Path(os.environ["MILLRACE_PUBLISHED_DATA"]) / "elexon" / "samples"
    period = "2022-03-19_sp27_all_bmus.insights_shape.json"
    replay = {
        code: samples / code / f"{code.lower()}_{period}" for code in ("PN", "QPN", "MELS", "MILS", "BOALF", "BOD")
    }
    replay["FUELHH"] = samples / "FUELHH" / "fuelhh_2022-01-01_2022-08-05.insights_shape.parquet"
    replay["DISEBSP"] = samples / "SYSTEM_PRICES" / "system_prices_2019-04-08_2022-05-25.insights_shape.parquet"
    replay["BM_UNITS"] = samples / "_reference" / "bmunits_all.json"
    target = borrow(request.param)
    settings = environment(UNHURRIED | dbt_files(target))
    with settings, Sandbox(replay=replay, today=date(2025, 1, 1)) as sandbox:
        spans = {
            ("pn", "qpn", "mels", "mils", "boalf", "bod", "bm_units"): ("2022-03-19", "2022-03-19"),
            ("fuelhh",): ("2022-01-01", "2022-08-05"),
            ("disebsp",): ("2020-01-01", "2020-12-31"),
            ("mid",): ("2020-01-01", "2020-01-02"),  # generated: the price mart only sets it beside the system price
        }
        for datasets, (first, last) in spans.items():
            assert run_load(target, sandbox.url("elexon"), datasets, first, last).errors == []
        build(warehouse=target.open(), say=lambda line: None)
    return target.query


def test_the_physical_position_of_a_period(figures: Callable[[str], list[tuple[float, ...]]]) -> None:
    [row] = figures(
        "SELECT SUM(pn_mwh), SUM(CASE WHEN pn_mwh > 0 THEN pn_mwh END), SUM(CASE WHEN pn_mwh < 0 THEN pn_mwh END), "
        f"SUM(qpn_mwh), SUM(mel_mwh), SUM(mil_mwh) FROM marts.fct_physical_position_half_hourly WHERE {PERIOD}"
    )
    assert [round(value, 3) for value in row] == [448.900, 12007.133, -11558.233, -30.000, 26234.125, -3219.067]


def test_generation_by_fuel(figures: Callable[[str], list[tuple[str, float]]]) -> None:
    found = dict(
        figures("SELECT fuel_type, SUM(generation_mwh) / 1e6 FROM marts.fct_generation_daily GROUP BY fuel_type")
    )
    twh = {"CCGT": 64.9168, "WIND": 34.8433, "NUCLEAR": 27.9626, "BIOMASS": 9.0936, "COAL": 2.6254}
    assert {fuel: round(found[fuel], 4) for fuel in twh} == twh


def test_the_system_price_of_2020(figures: Callable[[str], list[tuple[float, ...]]]) -> None:
    [row] = figures(
        "SELECT SUM(system_price_mean_gbp_per_mwh * periods_present) / SUM(periods_present) "
        "FROM marts.fct_system_price_daily"
    )
    assert round(row[0], 4) == 34.9443
