"""Hours in DuckDB and days in Postgres make the same marts, and a day that is sent again is replaced in them."""

from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.bench.chunk_and_merge import summarise
from tests.conftest import DbtFiles, MakeTarget
from tests.openshift import MARTS, MARTS_ALONE, NO_TESTS, build_marts, decide, load, settings
from tests.sandbox.openshift import Fleet, write
from tests.sandbox.openshift.clusters import SOURCES
from tests.warehouses import Target

FLEET = Fleet(rows=3_000, days=2)
GRAINS = {
    "fct_pod_usage_daily": ("namespace", "node", "pod_labels"),
    "fct_volume_usage_daily": ("namespace", "node", "persistentvolumeclaim", "volume_labels"),
    "fct_cluster_usage_daily": (),
    "fct_node_usage_daily": ("node",),
    "fct_project_usage_daily": ("namespace",),
    "fct_tag_usage_daily": ("label_key", "label_value"),
    "fct_cost_daily": ("data_source", "namespace", "node"),
    "fct_efficiency_daily": ("namespace",),
}
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
DAYS_OF_OCTOBER = 31
Rows = dict[tuple[Any, ...], dict[str, Any]]


class Built:
    """A fleet's reports and marts in one warehouse."""

    def __init__(self, target: Target, route: str, files: Path, dbt_files: DbtFiles) -> None:
        self.target, self.files = target, files
        self._route, self._dbt_files = route, dbt_files

    def build(self, *options: str) -> None:
        with settings(MILLRACE_OPENSHIFT_ROUTE=self._route):
            outcome = load(self.target, self.files)
            assert (outcome.errors, outcome.rows_quarantined) == ([], 0)
            with settings(**decide(self.target, DECISIONS)):
                build_marts(self.target, self._dbt_files, *options)

    def rows(self, mart: str) -> Rows:
        """A mart's rows by cluster, day and the rest of its grain."""
        columns = sorted(
            name
            for (name,) in self.target.query(
                "SELECT column_name FROM information_schema.columns "
                f"WHERE table_schema = 'marts' AND table_name = '{mart}'"
            )
        )
        found = self.target.query(f"SELECT {', '.join(columns)} FROM marts.{mart}")
        rows = [dict(zip(columns, row, strict=True)) for row in found]
        return {tuple(row[key] for key in ("source_uuid", "usage_date", *GRAINS[mart])): row for row in rows}


@pytest.fixture(scope="module")
def built(borrow: MakeTarget, dbt_files: DbtFiles, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Built]:
    """By kind of warehouse; DuckDB with every test of the models."""
    files = tmp_path_factory.mktemp("reports")
    write(FLEET, files)
    made = {
        kind: Built(borrow(kind), route, files, dbt_files)
        for kind, route in (("duckdb", "hourly"), ("postgres", "daily"))
    }
    made["duckdb"].build(*MARTS)
    made["postgres"].build(*MARTS_ALONE)
    return made


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """Columns in which two rows differ by more than the order of a sum."""
    return [column for column, left in ours.items() if not _is_close(left, theirs[column])]


def _is_close(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)
    return bool(left == right)


def assert_same(ours: Rows, theirs: Rows) -> None:
    assert ours
    assert ours.keys() == theirs.keys()
    for grain, row in ours.items():
        assert differences(row, theirs[grain]) == [], (grain, row, theirs[grain])


@pytest.mark.parametrize("mart", GRAINS)
def test_hours_in_duckdb_and_days_in_postgres_make_the_same_mart(built: dict[str, Built], mart: str) -> None:
    assert_same(built["duckdb"].rows(mart), built["postgres"].rows(mart))


def test_a_node_s_month_and_a_project_s_are_paid_for_once(built: dict[str, Built]) -> None:
    """By pods and by what no pod takes, under whatever labels: every node has a zone, every namespace a team."""
    paid = {
        (source, metric): cost
        for source, metric, cost in built["duckdb"].target.query(
            "SELECT source_uuid, metric, SUM(cost) FROM intermediate.int_cost_daily "
            "WHERE metric IN ('node_cost_per_month', 'cluster_cost_per_month', 'project_per_month') GROUP BY 1, 2"
        )
    }
    for source, nodes, projects, days in built["duckdb"].target.query(
        "SELECT source_uuid, COUNT(DISTINCT node || usage_date), COUNT(DISTINCT namespace || usage_date), "
        "COUNT(DISTINCT usage_date) FROM intermediate.int_pod_day GROUP BY 1"
    ):
        assert paid[source, "node_cost_per_month"] == pytest.approx(900 * nodes / DAYS_OF_OCTOBER)
        assert paid[source, "cluster_cost_per_month"] == pytest.approx(3000 * days / DAYS_OF_OCTOBER)
        assert paid[source, "project_per_month"] == pytest.approx(20 * projects / DAYS_OF_OCTOBER)


def test_the_frames_of_the_benchmark_make_the_rows_of_the_mart(built: dict[str, Built]) -> None:
    """Else the benchmark would compare the routes with less work than they do."""
    rows, summary = summarise(built["postgres"].files)
    assert rows == FLEET.rows
    frames = {
        (row["source"], date.fromisoformat(row["day"]), row["namespace"], row["node"], row["labels"]): row
        for row in summary.to_dict("records")
    }
    mart = {
        (*grain[:4], json.dumps(json.loads(row["pod_labels"]), sort_keys=True)): row
        for grain, row in built["postgres"].rows("fct_pod_usage_daily").items()
        if not row["is_unallocated"]
    }
    assert frames.keys() == mart.keys()
    measures = summary.columns.difference(["source", "day", "namespace", "node", "labels"])
    assert len(measures) == 15
    for grain, row in frames.items():
        assert differences({name: row[name] for name in measures}, mart[grain]) == []


def test_a_day_that_is_sent_again_is_replaced_in_the_marts_and_no_other(built: dict[str, Built]) -> None:
    one = built["duckdb"]
    before = one.rows("fct_pod_usage_daily")
    [path] = one.files.glob(f"OCP/pod_usage/source={SOURCES[0]}/*/*/pod_usage.2025-10-01.*.parquet")
    table = pq.read_table(path, partitioning=None)
    # The same hours under a higher number: one namespace less, and the others use twice the CPU.
    gone = "openshift-etcd"
    table = table.filter(pc.not_equal(table.column("namespace"), gone))
    column = table.schema.get_field_index("pod_usage_cpu_core_seconds")
    table = table.set_column(column, table.schema.field(column), pc.multiply(table.column(column), 2.0))
    pq.write_table(table, path.with_name(path.name.replace(".1001.", ".1002.")))
    one.build("--select", "+fct_pod_usage_daily", *NO_TESTS)
    after = one.rows("fct_pod_usage_daily")
    changed = {grain for grain, row in before.items() if grain not in after or differences(row, after[grain])}
    assert {grain[:2] for grain in changed} == {(SOURCES[0], date(2025, 10, 1))}
    assert gone in {grain[2] for grain in before.keys() - after.keys()}
    total = sum(row["pod_usage_cpu_core_hours"] for row in before.values() if _is_left(row, gone))
    assert sum(row["pod_usage_cpu_core_hours"] for row in after.values() if _is_left(row, gone)) == (
        pytest.approx(2 * total)
    )


def _is_left(row: dict[str, Any], gone: str) -> bool:
    its_day = (row["source_uuid"], row["usage_date"]) == (SOURCES[0], date(2025, 10, 1))
    return its_day and not row["is_unallocated"] and row["namespace"] != gone
