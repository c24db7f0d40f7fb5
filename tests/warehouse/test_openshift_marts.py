"""Hours in DuckDB and BigQuery, days in Postgres: the same marts. A day that is sent again is replaced in them."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.bench.chunk_and_merge import summarise
from tests.sandbox.openshift.clusters import SOURCES
from tests.warehouse.conftest import MODELS_ALONE, BuildDomains, Domains
from tests.warehouse.domains import FLEET, load_reports
from tests.warehouse.same import Rows, assert_same, differences, mart_rows
from tests.warehouses import Target

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
DAYS_OF_OCTOBER = 31


def rows(target: Target, mart: str) -> Rows:
    """A mart's rows by cluster, day and the rest of its grain."""
    return mart_rows(target, mart, ("source_uuid", "usage_date", *GRAINS[mart]))


@pytest.mark.parametrize("mart", GRAINS)
@pytest.mark.parametrize("other", ["postgres", "bigquery"])
def test_a_mart_has_the_same_rows_on_duckdb_and_elsewhere(elsewhere: Domains, other: str, mart: str) -> None:
    assert_same(rows(elsewhere.targets["duckdb"], mart), rows(elsewhere.targets[other], mart))


def test_a_node_s_month_and_a_project_s_are_paid_for_once(elsewhere: Domains) -> None:
    """By pods and by what no pod takes, under whatever labels: every node has a zone, every namespace a team."""
    target = elsewhere.targets["duckdb"]
    paid = {
        (source, metric): cost
        for source, metric, cost in target.query(
            "SELECT source_uuid, metric, SUM(cost) FROM intermediate.int_cost_daily "
            "WHERE metric IN ('node_cost_per_month', 'cluster_cost_per_month', 'project_per_month') GROUP BY 1, 2"
        )
    }
    for source, nodes, projects, days in target.query(
        "SELECT source_uuid, COUNT(DISTINCT node || usage_date), COUNT(DISTINCT namespace || usage_date), "
        "COUNT(DISTINCT usage_date) FROM intermediate.int_pod_day GROUP BY 1"
    ):
        assert paid[source, "node_cost_per_month"] == pytest.approx(900 * nodes / DAYS_OF_OCTOBER)
        assert paid[source, "cluster_cost_per_month"] == pytest.approx(3000 * days / DAYS_OF_OCTOBER)
        assert paid[source, "project_per_month"] == pytest.approx(20 * projects / DAYS_OF_OCTOBER)


def test_the_frames_of_the_benchmark_make_the_rows_of_the_mart(elsewhere: Domains, build_domains: BuildDomains) -> None:
    """Else the benchmark would compare the routes with less work than they do. Frames know the seeds' keys."""
    target = elsewhere.targets["postgres"]
    build_domains(target, MODELS_ALONE, ["+fct_pod_usage_daily"], decisions=[])
    read, summary = summarise(elsewhere.folder / "reports")
    assert read == FLEET.rows
    frames = {
        (row["source"], date.fromisoformat(row["day"]), row["namespace"], row["node"], row["labels"]): row
        for row in summary.to_dict("records")
    }
    mart = {
        (*grain[:4], json.dumps(json.loads(row["pod_labels"]), sort_keys=True)): row
        for grain, row in rows(target, "fct_pod_usage_daily").items()
        if not row["is_unallocated"]
    }
    assert frames.keys() == mart.keys()
    measures = summary.columns.difference(["source", "day", "namespace", "node", "labels"])
    assert len(measures) == 15
    for grain, row in frames.items():
        assert differences({name: row[name] for name in measures}, mart[grain]) == []


def test_batches_rebuilt_on_bigquery_are_the_same_rows(elsewhere: Domains, build_domains: BuildDomains) -> None:
    """What is missing from a day comes back, and nothing is doubled."""
    target, mart = elsewhere.targets["bigquery"], "fct_node_usage_daily"
    before = rows(target, mart)
    target.execute("DELETE FROM intermediate.int_node_day WHERE usage_date = DATE '2025-10-01'")
    build_domains(target, MODELS_ALONE, ["int_node_day", mart])
    assert_same(rows(target, mart), before)


def test_a_day_that_is_sent_again_is_replaced_in_the_marts_and_no_other(
    elsewhere: Domains, build_domains: BuildDomains
) -> None:
    target, reports = elsewhere.targets["duckdb"], elsewhere.folder / "reports"
    before = rows(target, "fct_pod_usage_daily")
    [path] = reports.glob(f"OCP/pod_usage/source={SOURCES[0]}/*/*/pod_usage.2025-10-01.*.parquet")
    table = pq.read_table(path, partitioning=None)
    # The same hours under a higher number: one namespace less, and the others use twice the CPU.
    gone = "openshift-etcd"
    table = table.filter(pc.not_equal(table.column("namespace"), gone))
    column = table.schema.get_field_index("pod_usage_cpu_core_seconds")
    table = table.set_column(column, table.schema.field(column), pc.multiply(table.column(column), 2.0))
    pq.write_table(table, path.with_name(path.name.replace(".1001.", ".1002.")))
    load_reports(target, elsewhere.folder)
    build_domains(target, MODELS_ALONE, ["+fct_pod_usage_daily"])
    after = rows(target, "fct_pod_usage_daily")
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
