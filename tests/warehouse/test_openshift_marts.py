"""Hours in DuckDB and BigQuery, days in Postgres: the same marts. A day that is sent again is replaced in them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.sandbox.openshift.clusters import SOURCES
from tests.warehouse.conftest import MODELS_ALONE, BuildDomains, Domains
from tests.warehouse.domains import load_reports
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


def rows(target: Target, mart: str) -> Rows:
    """A mart's rows by cluster, day and the rest of its grain."""
    return mart_rows(target, mart, ("source_uuid", "usage_date", *GRAINS[mart]))


@pytest.mark.parametrize("mart", GRAINS)
@pytest.mark.parametrize("other", ["postgres", "bigquery"])
def test_a_mart_has_the_same_rows_on_duckdb_and_elsewhere(elsewhere: Domains, other: str, mart: str) -> None:
    assert_same(rows(elsewhere.targets["duckdb"], mart), rows(elsewhere.targets[other], mart))


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
