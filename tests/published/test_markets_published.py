"""Real files of seven US markets: every row of every file, and what is known of them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from loaders.catalogue import read_catalogue
from tests.conftest import MakeTarget
from tests.loads import run_files
from tests.warehouses import Target

pytestmark = pytest.mark.published

CATALOGUE = read_catalogue()
# Rows by dataset. A row of a wide file is one for each of its series or hours: MISO 24, isolf 12, zones and outlook 9.
ROWS = {
    "pjm": {"da_hrl_lmps": 8_737, "rt_hrl_lmps": 8_760, "hrl_load_metered": 8_784, "wind_gen": 8_784, "inst_load": 288},
    "caiso": {"prc_lmp": 6_960 + 33, "prc_hasp_lmp": 11_520, "outlook_demand": 2_305 * 9},
    # The last lines of the fuel files have no end, which a count of line ends misses.
    "nyiso": {
        "damlbmp": 375,
        "realtime": 45,
        "pal": 3_190,
        "rtfuelmix": 2_030 + 2_023,
        "isolf": 144 * 12,
        "interface_flows": 5_202,
    },
    "ercot": {"load_by_weather_zone": 24 * 9, "sced_lmp": 17, "dam_as_cleared": 8 * 25},
    "miso": {"da_expost_lmp": 5_391 * 24},
    "isone": {
        "da_lmp": 29_016 + 14,
        "rt_lmp": 29_064,
        "hourly_load": 24 + 23 + 24 + 25,
        "gen_fuel_mix": 1_621 + 2_154,
        "hourly_load_forecast": 216 + 175,
    },
    "spp": {"da_lmp": 26_616 + 26_712 + 26_712, "da_mcp": 8_490},
}
FOLDERS = {source: source.upper() for source in ROWS}
# What is no file of prices, load or generation in a declared form, and why.
LEFT = {
    "ren_report.csv": "a report for the eye, with tabs, and one day of 2014",
    "0_portal_spp_org_chart_api_interchange_trend_swpw_asFile.csv": "flows over ties",
    "2d_Agg_AS_Offers_REGUP-05-NOV-24.csv": "curves of offers, without a price that cleared",
}
ISONE_HEADER = (
    '"C","Day-Ahead Energy Market Hourly LMP Report"\n'
    '"H","Date","Hour Ending","Location ID","Location Name","Location Type","Locational Marginal Price",'
    '"Energy Component","Congestion Component","Marginal Loss Component"\n'
    '"H","Date","HE","String","String","String","Number","Number","Number","Number"\n'
)
Query = Callable[[str], list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def loaded(make_target: MakeTarget, tmp_path_factory: pytest.TempPathFactory) -> Target:
    """All files but the two months of SPP, in every year that they touch."""
    if "MILLRACE_PUBLISHED_DATA" not in os.environ:
        pytest.skip("MILLRACE_PUBLISHED_DATA names no folder of published samples")
    samples = Path(os.environ["MILLRACE_PUBLISHED_DATA"]) / "iso"
    folder, target = tmp_path_factory.mktemp("iso"), make_target("duckdb")
    for source in ROWS:
        for path in (samples / FOLDERS[source]).rglob("*"):
            if path.is_file() and path.suffix != ".zip":
                (folder / source).mkdir(exist_ok=True)
                (folder / source / path.name).symlink_to(path)
    # Two samples lost what tells what they are: a name, and the first and last lines of a report.
    (folder / "nyiso" / "lmp.csv").rename(folder / "nyiso" / "20160218realtime_zone.csv")
    excerpt = next((folder / "isone").glob("EXCERPT*"))
    text = excerpt.read_text()
    excerpt.unlink()
    (folder / "isone" / excerpt.name).write_text(f'{ISONE_HEADER}{text}"T","14 lines"')
    for source in ROWS:
        declared = CATALOGUE.source(source)
        for year in YEARS[source]:
            outcome = run_files(target, declared, folder / source, year, ROWS[source])
            assert (outcome.errors, outcome.rows_quarantined) == ([], 0), (source, year)
    shutil.rmtree(folder)
    return target


YEARS = {
    "pjm": (2025, 2026),
    "caiso": (2019, 2022, 2024, 2026),
    "nyiso": (2016, 2017, 2019),
    "ercot": (2020, 2024, 2026),
    "miso": (2011,),
    "isone": (2020, 2024, 2026),
    "spp": (2022,),
}


@pytest.fixture(scope="module")
def query(loaded: Target) -> Query:
    return loaded.query


@pytest.mark.parametrize("source", ROWS)
def test_every_row_of_every_file_is_there(loaded: Target, source: str) -> None:
    found = {name: loaded.count(f"{source}__{name}") for name in ROWS[source]}
    assert found == ROWS[source]


def test_no_grain_occurs_twice(loaded: Target) -> None:
    for source, names in ROWS.items():
        for name, rows in names.items():
            grain = CATALOGUE.source(source).dataset(name).grain
            [[distinct]] = loaded.query(
                f"SELECT COUNT(*) FROM (SELECT DISTINCT {', '.join(grain)} FROM raw.{source}__{name})"
            )
            assert distinct == rows, (source, name)


@pytest.mark.parametrize(
    ("table", "day", "instants"),
    [
        ("nyiso__damlbmp", "2019-11-03", 25),
        ("caiso__prc_lmp", "2019-11-03", 25),
        ("pjm__rt_hrl_lmps", "2025-11-02", 25),
        ("pjm__rt_hrl_lmps", "2026-03-08", 23),
        ("isone__hourly_load", "2024-11-03", 25),
        ("isone__hourly_load", "2024-03-10", 23),
        ("ercot__dam_as_cleared", "2024-11-03", 25),
        ("miso__da_expost_lmp", "2011-07-16", 24),
    ],
)
def test_days_have_the_hours_that_the_clocks_give_them(query: Query, table: str, day: str, instants: int) -> None:
    [[found, minutes]] = query(
        "SELECT COUNT(DISTINCT interval_start_at), DATE_DIFF('minute', MIN(interval_start_at), MAX(interval_end_at)) "
        f"FROM raw.{table} WHERE delivery_date = DATE '{day}'"
    )
    assert (found, minutes) == (instants, 60 * instants)


def test_the_repeated_hours_stand_between_their_neighbours(query: Query) -> None:
    caiso = query(
        "SELECT hour_label, interval_start_at FROM raw.caiso__prc_lmp WHERE component = 'LMP' "
        "AND delivery_date = DATE '2019-11-03' ORDER BY interval_start_at LIMIT 4"
    )
    assert [(label, at) for label, at in caiso] == [
        ("1 0", datetime(2019, 11, 3, 7, tzinfo=UTC)),
        ("2 0", datetime(2019, 11, 3, 8, tzinfo=UTC)),
        ("25 0", datetime(2019, 11, 3, 9, tzinfo=UTC)),
        ("3 0", datetime(2019, 11, 3, 10, tzinfo=UTC)),
    ]
    isone = query(
        "SELECT DISTINCT hour_label, interval_start_at FROM raw.isone__da_lmp "
        "WHERE delivery_date = DATE '2020-11-01' ORDER BY 2"
    )
    assert isone == [("02", datetime(2020, 11, 1, 5, tzinfo=UTC)), ("02X", datetime(2020, 11, 1, 6, tzinfo=UTC))]
    ercot = query("SELECT DISTINCT interval_start_at FROM raw.ercot__dam_as_cleared WHERE hour_label = '25'")
    assert ercot == [(datetime(2024, 11, 3, 7, tzinfo=UTC),)]


@pytest.mark.parametrize(
    ("table", "tolerance"),
    [("spp__da_lmp", 0.00015), ("isone__da_lmp", 0.0101), ("pjm__da_hrl_lmps", 1e-6), ("pjm__rt_hrl_lmps", 0.0101)],
)
def test_a_price_is_the_sum_of_its_components(query: Query, table: str, tolerance: float) -> None:
    [[worst]] = query(
        "SELECT MAX(ABS(lmp_usd_per_mwh - energy_usd_per_mwh - congestion_usd_per_mwh - loss_usd_per_mwh)) "
        f"FROM raw.{table}"
    )
    assert isinstance(worst, float)
    assert worst <= tolerance


def test_energy_is_one_price_in_nyiso_and_miso(query: Query) -> None:
    [[nyiso]] = query(
        "SELECT MAX(spread) FROM (SELECT MAX(energy) - MIN(energy) AS spread FROM (SELECT interval_start_at AS start, "
        "lmp_usd_per_mwh - loss_usd_per_mwh - congestion_usd_per_mwh AS energy FROM raw.nyiso__damlbmp) GROUP BY start)"
    )
    [[miso]] = query(
        "SELECT MAX(spread) FROM (SELECT MAX(energy) - MIN(energy) AS spread FROM (SELECT interval_start_at AS start, "
        "location_id, SUM(CASE WHEN component = 'LMP' THEN 1 ELSE -1 END * price_usd_per_mwh) AS energy "
        "FROM raw.miso__da_expost_lmp GROUP BY 1, 2) GROUP BY start)"
    )
    assert isinstance(nyiso, float) and isinstance(miso, float)
    assert miso < 1e-6
    assert nyiso < 0.0201  # of three prices with two decimals
    [[midnight]] = query(
        "SELECT MEDIAN(lmp_usd_per_mwh - loss_usd_per_mwh - congestion_usd_per_mwh) FROM raw.nyiso__damlbmp "
        "WHERE interval_start_at = '2019-11-03 04:00:00+00'"
    )
    assert midnight == pytest.approx(11.09)


def test_the_products_that_came_on_a_day_are_null_before_it(query: Query) -> None:
    found = query(
        "SELECT CASE WHEN delivery_date < DATE '2022-02-25' THEN 1 "
        "WHEN delivery_date < DATE '2022-03-01' THEN 2 ELSE 3 END, "
        "COUNT(*), COUNT(ramp_up_usd_per_mw), COUNT(ramp_down_usd_per_mw) FROM raw.spp__da_mcp GROUP BY 1 ORDER BY 1"
    )
    # Without the columns; with empty ones, as published; with prices. One day of these has 23 hours.
    assert found == [(1, 24 * 144, 0, 0), (2, 4 * 144, 0, 0), (3, 31 * 144 - 6, 31 * 144 - 6, 31 * 144 - 6)]


def test_the_weather_zones_of_ercot_add_up(query: Query) -> None:
    [[worst]] = query(
        "SELECT MAX(ABS(difference)) FROM (SELECT SUM(CASE WHEN area = 'TOTAL' THEN -mw ELSE mw END) AS difference "
        "FROM raw.ercot__load_by_weather_zone GROUP BY interval_start_at)"
    )
    assert isinstance(worst, float)
    assert worst < 0.05
