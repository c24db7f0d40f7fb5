"""A fleet's reports as files: parquet as Koku lays it out, or the operator's CSV in its payloads."""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import duckdb

from tests.sandbox.openshift import clusters
from tests.sandbox.openshift.clusters import HOURS, SOURCES, Fleet

MANIFEST = 1001
TIMES = ("report_period_start", "report_period_end", "interval_start", "interval_end")


def write(fleet: Fleet, out: Path, *, as_csv: bool = False, manifest: int = MANIFEST) -> int:
    """Write the reports of every day and cluster below `out`. Returns how many files there are now."""
    with duckdb.connect(config={"threads": 1, "memory_limit": "256MB"}) as connection:
        connection.execute(clusters.pods_sql(fleet))
        # Written out once a pod instead of once a row: two thirds of the time.
        pods = _columns(connection, "FROM pods", _operator_labels if as_csv else _json_labels)
        connection.execute(f"CREATE OR REPLACE TABLE pods AS SELECT {pods} FROM pods")
        written = 0
        for number, day in enumerate(fleet.dates):
            for cluster, source in enumerate(SOURCES):
                reports = _reports(fleet, number, day, cluster)
                if as_csv:
                    written += _payload(connection, dict(reports), out, source, day)
                else:
                    written += _parquet(connection, dict(reports), out, source, day, manifest)
    return written


def _reports(fleet: Fleet, number: int, day: date, cluster: int) -> Iterator[tuple[str, str]]:
    yield "pod_usage", clusters.hours_sql(day, cluster, fleet.rows, number * HOURS, fleet.pods)
    yield "storage_usage", clusters.storage_sql(day, cluster)
    yield "node_labels", clusters.node_labels_sql(day, cluster)
    yield "namespace_labels", clusters.namespace_labels_sql(day, cluster)


def _parquet(
    connection: duckdb.DuckDBPyConnection, reports: dict[str, str], out: Path, source: str, day: date, manifest: int
) -> int:
    """Labels as JSON objects, the cluster and the month in the path."""
    for report, sql in reports.items():
        folder = out / "OCP" / report / f"source={source}" / f"year={day.year}" / f"month={day:%m}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{report}.{day}.{manifest}.0_0.parquet"
        columns = _columns(connection, sql, _json_labels)
        connection.execute(f"COPY (SELECT {columns} FROM ({sql})) TO '{path}' (FORMAT parquet, COMPRESSION snappy)")
    return len(reports)


def _payload(connection: duckdb.DuckDBPyConnection, reports: dict[str, str], out: Path, source: str, day: date) -> int:
    """What the operator sends after a day: a tar.gz with a CSV per report and a manifest that says whose it is."""
    out.mkdir(parents=True, exist_ok=True)
    sent = datetime.combine(day + timedelta(days=1), time(1), tzinfo=UTC)
    with (
        tarfile.open(out / f"{day:%Y%m%d}-{source[:8]}-cost-mgmt.tar.gz", "w:gz") as archive,
        tempfile.TemporaryDirectory() as folder,
    ):
        about = {"cluster_id": source, "date": sent.isoformat(), "daily_reports": True, "files": sorted(reports)}
        _add(archive, "manifest.json", json.dumps(about).encode(), sent)
        for report, sql in reports.items():
            path = Path(folder) / f"{source}_openshift_{report}.csv"
            columns = _columns(connection, sql, _operator_labels)
            connection.execute(f"COPY (SELECT {columns} FROM ({sql})) TO '{path}' (FORMAT csv, HEADER)")
            _add(archive, path.name, path.read_bytes(), sent)
    return 1


def _add(archive: tarfile.TarFile, name: str, content: bytes, at: datetime) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mtime = len(content), int(at.timestamp())
    archive.addfile(member, io.BytesIO(content))


def _json_labels(name: str) -> str:
    return f"CAST(CAST(map_from_entries({name}) AS JSON) AS VARCHAR) AS {name}"


def _operator_labels(name: str) -> str:
    return f"array_to_string([concat('label_', entry.key, ':', entry.value) FOR entry IN {name}], '|') AS {name}"


def _columns(connection: duckdb.DuckDBPyConnection, sql: str, labels: Callable[[str], str]) -> str:
    """The report's columns: numbers as doubles, labels by `labels`, and in CSV times as the operator prints them."""
    written = []
    for name, kind, *_ in connection.execute(f"DESCRIBE {sql}").fetchall():
        if kind.endswith("[]"):
            written.append(labels(name))
        elif name.endswith(("_seconds", "_bytes", "_cores")):
            written.append(f"CAST({name} AS DOUBLE) AS {name}")
        elif name in TIMES and labels is _operator_labels:
            written.append(f"strftime({name}, '%Y-%m-%d %H:%M:%S +0000 UTC') AS {name}")
        else:
            written.append(name)
    return ", ".join(written)
