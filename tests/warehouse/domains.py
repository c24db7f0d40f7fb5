"""The domains beside Britain's power, small: a day of the US markets, two years of sales, two days of a fleet."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from loaders.catalogue import read_catalogue
from tests import openshift
from tests.loads import run_files, run_load
from tests.sandbox import Sandbox
from tests.sandbox.markets import WRITERS
from tests.sandbox.openshift import Fleet, write
from tests.sandbox.openshift.clusters import SOURCES
from tests.warehouses import DuckDBTarget, PostgresTarget, environment

AUTUMN = date(2024, 11, 3)
# A dataset of each table and of each shape of file; all of them are read in tests/unit.
MARKETS = {
    "pjm": ["da_hrl_lmps", "rt_fivemin_hrl_lmps", "hrl_load_metered", "gen_by_fuel", "da_reserve_market_results"],
    "caiso": ["prc_lmp"],
    "nyiso": ["damlbmp", "pal_integrated", "damasp"],
    "ercot": ["dam_spp"],
    "miso": ["da_expost_lmp"],
    "isone": ["da_lmp", "rt_lmp"],
    "spp": ["da_lmp", "da_mcp"],
}
SALES = ("2021-01-01", "2022-12-31")
FLEET = Fleet(rows=3_000, days=2)
SPAN = (date(2025, 10, 1), date(2025, 10, 3))  # of the fleet: no other domain here is built in batches

# Every kind of rate at once: dbt's own tests hold the sums against each other, and the warehouses each other's.
DECISIONS: dict[str, list[tuple[Any, ...]]] = {
    "enabled_label_keys": [("*", key) for key in ("app", "environment", "team", "tier", "zone", "version")],
    "tag_mappings": [("*", "version", "release"), (SOURCES[0], "environment", "tier")],
    "markups": [("*", -5.0), (SOURCES[0], 12.5)],
    "rates": [
        ("*", "cpu_core_usage_per_hour", "Supplementary", None, None, 0.01),
        ("*", "cpu_core_usage_per_hour", "Supplementary", "team", "team-3", 0.02),
        ("*", "cpu_core_usage_per_hour", "Infrastructure", "team", "*", 0.005),
        ("*", "memory_gb_effective_usage_per_hour", "Infrastructure", "release", "1.3", 0.004),
        ("*", "storage_gb_request_per_month", "Supplementary", "tier", "gold", 0.5),
        ("*", "pvc_cost_per_month", "Supplementary", None, None, 3.0),
        ("*", "node_cost_per_month", "Infrastructure", "zone", "*", 900.0),
        ("*", "node_core_cost_per_hour", "Infrastructure", None, None, 0.02),
        ("*", "cluster_cost_per_month", "Infrastructure", None, None, 3000.0),
        ("*", "cluster_core_cost_per_hour", "Supplementary", None, None, 0.001),
        (SOURCES[1], "cluster_core_cost_per_hour", "Infrastructure", None, None, 0.003),
        ("*", "project_per_month", "Supplementary", "team", "*", 20.0),
    ],
}

MARTS = [f"+path:models/marts/{domain}" for domain in ("power_us", "property", "compute")]
# Of what staging promises of the markets' rows, which would cost as much again, the loads are proof enough.
TESTED_ELSEWHERE = [f"path:models/staging/{source},resource_type:test" for source in MARKETS]


def load(target: DuckDBTarget, folder: Path) -> None:
    """All three, the fleet's reports by the hour. What is read lies in `folder` afterwards."""
    for source, names in MARKETS.items():
        (folder / source).mkdir()
        for name in names:
            for file in WRITERS[source][name](AUTUMN):
                (folder / source / file.name).write_bytes(file.content)
        outcome = run_files(target, read_catalogue().source(source), folder / source, AUTUMN.year, names)
        assert (outcome.errors, outcome.rows_quarantined) == ([], 0)
    with Sandbox(scale=0.0002, seed=1) as publisher:
        dvf = read_catalogue().source("dvf")
        outcome = run_load(target, publisher.url("dvf"), ["mutations"], *SALES, source=dvf)
        assert (outcome.errors, outcome.rows_quarantined) == ([], 0)
    (folder / "reports").mkdir()
    write(FLEET, folder / "reports")
    load_reports(target, folder)
    openshift.decide(target, DECISIONS)


def copy_to_postgres(target: PostgresTarget, loaded: DuckDBTarget, folder: Path) -> None:
    """The same, but for the fleet, whose reports come by the day."""
    target.take_raw(loaded, without="^(openshift__|load_ledger|_dlt)")
    target.settings["MILLRACE_OPENSHIFT_ROUTE"] = "daily"  # the models read it too
    load_reports(target, folder)


def load_reports(target: DuckDBTarget | PostgresTarget, folder: Path) -> None:
    with environment(target.settings):
        outcome = openshift.load(target, folder / "reports")
    assert (outcome.errors, outcome.rows_quarantined) == ([], 0)
