"""Loads into BigQuery."""

from __future__ import annotations

from tests.loads import ELEXON, run_load, stored
from tests.sandbox import Sandbox
from tests.warehouses import BigQueryTarget

PN = ELEXON.dataset("pn")


def test_try(bigquery: BigQueryTarget, publisher: Sandbox) -> None:
    import time

    for force in (False, True):
        t = time.time()
        outcome = run_load(bigquery, publisher.url("elexon"), ["pn"], "2024-01-01", "2024-01-03", force=force)
        print(time.time() - t)
        assert outcome.errors == []
        print(outcome, stored(bigquery, PN))
    with bigquery.client() as client:
        t = client.get_table(f"{bigquery.project}.raw.elexon__pn")
        print(t.time_partitioning, t.clustering_fields, [x.table_id for x in client.list_tables("raw")])
