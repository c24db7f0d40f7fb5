"""The daily summary of seven scenarios, row for row: loaded as hours and as days, from parquet and from CSV."""

from __future__ import annotations

import csv
import functools
import json
import math
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DbtFiles, MakeTarget
from tests.openshift import MARTS_ALONE, build_marts, decide, load, mart, settings
from tests.warehouses import Target

pytestmark = pytest.mark.published

SCENARIOS = [
    "s01_simple",
    "s02_one_node_volumes",
    "s03_advanced_multi_node",
    "s04_ros_long_no_volumes",
    "s05_partial_day_tiers_a",
    "s06_partial_day_tiers_b",
    "s07_multi_generator_two_months",
]
# Our columns, each with the published one of another name.
SHARED = {"usage_date": "usage_start", "namespace": "", "node": "", "resource_id": "", "all_labels": ""}
POD = SHARED | {
    "pod_labels": "",
    **{f"pod_{what}_cpu_core_hours": "" for what in ("usage", "request", "effective_usage", "limit")},
    **{
        f"pod_{what}_memory_gib_hours": f"pod_{what}_memory_gigabyte_hours"
        for what in ("usage", "request", "effective_usage", "limit")
    },
    "node_capacity_cpu_cores": "",
    "node_capacity_cpu_core_hours": "",
    "node_capacity_memory_gib": "node_capacity_memory_gigabytes",
    "node_capacity_memory_gib_hours": "node_capacity_memory_gigabyte_hours",
    "cluster_capacity_cpu_core_hours": "",
    "cluster_capacity_memory_gib_hours": "cluster_capacity_memory_gigabyte_hours",
}
STORAGE = SHARED | {
    "volume_labels": "",
    "persistentvolumeclaim": "",
    "persistentvolume": "",
    "storageclass": "",
    "csi_volume_handle": "",
    "persistentvolumeclaim_capacity_gib": "persistentvolumeclaim_capacity_gigabyte",
    "persistentvolumeclaim_capacity_gib_months": "persistentvolumeclaim_capacity_gigabyte_months",
    "volume_request_storage_gib_months": "volume_request_storage_gigabyte_months",
    "persistentvolumeclaim_usage_gib_months": "persistentvolumeclaim_usage_gigabyte_months",
}
COSTS = {
    "usage_date": "usage_start",
    "data_source": "",
    "namespace": "",
    "node": "",
    "cpu_cost": "cost_model_cpu_cost",
    "memory_cost": "cost_model_memory_cost",
    "volume_cost": "cost_model_volume_cost",
    "platform_distributed_cost": "platform_distributed",
    "worker_distributed_cost": "worker_distributed",
    "total_cost": "",
}
NUMBERS = ("hours", "cores", "gib", "months", "cost")
COMBINATIONS = [
    f"{kind}-{route}-{form}"
    for kind in ("duckdb", "postgres")
    for route in ("hourly", "daily")
    for form in ("parquet", "csv")
]


@pytest.fixture(scope="module")
def samples() -> Path:
    if "MILLRACE_PUBLISHED_DATA" not in os.environ:
        pytest.skip("MILLRACE_PUBLISHED_DATA names no folder of published samples")
    return Path(os.environ["MILLRACE_PUBLISHED_DATA"]) / "ocp"


@pytest.fixture(scope="module")
def warehouse_of(borrow: MakeTarget) -> Callable[[str, str], Target]:
    """By kind and format: both routes share one, and with it the reports that both of them load."""
    return functools.cache(lambda kind, form: borrow(kind))


@pytest.fixture(scope="module", params=COMBINATIONS)
def summary(
    request: pytest.FixtureRequest,
    samples: Path,
    warehouse_of: Callable[[str, str], Target],
    dbt_files: DbtFiles,
    tmp_path_factory: Any,
) -> Target:
    kind, route, form = request.param.split("-")
    target, files = warehouse_of(kind, form), tmp_path_factory.mktemp("reports")
    for scenario in SCENARIOS:  # a cluster's CSV does not say whose it is
        folder = scenario if form == "parquet" else f"source={about(samples, scenario)['source']}"
        shutil.copytree(samples / scenario / form, files / folder)
    with settings(MILLRACE_OPENSHIFT_ROUTE=route):
        outcome = load(target, files)
        assert (outcome.errors, outcome.rows_quarantined) == ([], 0)
        with settings(**decide(target, decisions(samples))):
            build_marts(target, dbt_files, *MARTS_ALONE, "--full-refresh")
    return target


def about(samples: Path, scenario: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((samples / scenario / "scenario.json").read_text())
    return found


def decisions(samples: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Each scenario's keys, its names, and the rates of the one that has costs."""
    model = json.loads((samples / "s03_advanced_multi_node" / "cost_model.json").read_text())
    scenarios = [about(samples, scenario) for scenario in SCENARIOS]
    return {
        "enabled_label_keys": [(one["source"], key) for one in scenarios for key in one["enabled_tag_keys"]],
        "clusters": [
            (one["source"], one["cluster_id"], one["cluster_alias"], model["distribution"]) for one in scenarios
        ],
        "rates": [
            ("*", metric, model["rate_type"], None, None, float(rate)) for metric, rate in model["rates"].items()
        ],
    }


def comparable(column: str, value: Any) -> Any:
    """A value as both sides may have it: labels parsed, numbers as floats, blank as none."""
    if value in (None, ""):
        return None
    if column.endswith("labels"):
        return tuple(sorted(json.loads(value).items()))
    return float(value) if column.endswith(NUMBERS) else str(value)


def assert_same(ours: Iterable[dict[str, Any]], published: Iterable[dict[str, str]], columns: dict[str, str]) -> None:
    def rows(found: Iterable[dict[str, Any]], names: dict[str, str]) -> list[list[Any]]:
        made = [[comparable(column, row[name or column]) for column, name in names.items()] for row in found]
        return sorted(made, key=lambda row: [str(value) for value in row if not isinstance(value, float)])

    left, right = rows(ours, dict.fromkeys(columns, "")), rows(published, columns)
    assert len(left) == len(right)
    for our_row, row in zip(left, right, strict=True):
        for column, our, value in zip(columns, our_row, row, strict=True):
            if isinstance(our, float) and isinstance(value, float):
                assert math.isclose(our, value, rel_tol=1e-9, abs_tol=1e-12), (column, our_row, row)
            else:
                assert our == value, (column, our_row, row)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_daily_summary(summary: Target, samples: Path, scenario: str) -> None:
    where = f"cluster_id = '{about(samples, scenario)['cluster_id']}'"
    with (samples / scenario / "expected_daily_summary.csv").open() as file:
        published = list(csv.DictReader(file))
    for source, name, columns in (("Pod", "fct_pod_usage_daily", POD), ("Storage", "fct_volume_usage_daily", STORAGE)):
        expected = [row for row in published if row["data_source"] == source]
        assert_same(mart(summary, name, columns, where), expected, columns)


def test_the_costs(summary: Target, samples: Path) -> None:
    with (samples / "s03_advanced_multi_node" / "expected_costs.csv").open() as file:
        published = list(csv.DictReader(file))
    ours = mart(summary, "fct_cost_daily", COSTS, "cluster_id = 'acc-s03'")
    assert_same(ours, published, COSTS)
    assert sum(row["total_cost"] for row in ours) == pytest.approx(164.22166666666666, rel=1e-9)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_clusters_nodes_and_namespaces_add_up(summary: Target, samples: Path, scenario: str) -> None:
    """The roll-ups' totals, and capacity, which is the cluster's of a day however many rows repeat it."""
    cluster = about(samples, scenario)["cluster_id"]
    totals = json.loads((samples / scenario / "expected.json").read_text())
    for name, key, by in (
        ("fct_cluster_usage_daily", "by_cluster", None),
        ("fct_node_usage_daily", "by_cluster_node", "node"),
        ("fct_project_usage_daily", "by_cluster_namespace", "namespace"),
    ):
        group = f"'{cluster}'" if by is None else f"'{cluster}|' || {by}"
        sums = dict(
            summary.query(
                f"SELECT {group}, SUM(pod_usage_cpu_core_hours) FROM marts.{name} "
                f"WHERE cluster_id = '{cluster}' GROUP BY 1"
            )
        )
        assert sums == pytest.approx({k: v["pod_usage_cpu_core_hours"] for k, v in totals[key].items()}, rel=1e-9)
    [[rolled_up, published]] = summary.query(
        "SELECT (SELECT SUM(cluster_capacity_cpu_core_hours) FROM marts.fct_cluster_usage_daily "
        f"WHERE cluster_id = '{cluster}'), (SELECT SUM(node_capacity_cpu_core_hours) FROM marts.fct_node_usage_daily "
        f"WHERE cluster_id = '{cluster}')"
    )
    assert rolled_up == pytest.approx(published, rel=1e-9)
