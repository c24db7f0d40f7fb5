"""Pods of large clusters on both routes, and the same summary made with frames; `python -m tests.bench.openshift`.

Generated reports (`millrace sample openshift`), each step in a process of its own. Rates are of hourly rows. The frames
make the summary of pods; a route makes it in two steps, and all that follows from it. Nine minutes on two cores.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.__main__ import Measured, run
from tests.sandbox.openshift import Fleet, write

FORERUNNER = "the forerunner, as it states: 3,000 to 7,000 rows/s, 1 GB in chunks or 20 GB per million rows in memory"
LABELS = ("node_labels", "namespace_labels")
DATASETS = {"daily": ("pod_usage_daily", *LABELS), "hourly": ("pod_usage", *LABELS)}


def measure(fleet: Fleet, folder: Path, summaries: bool) -> Iterator[Measured]:
    """The baseline, then the load on each route and, if wanted, dbt's summary of what it loaded."""
    files = folder / f"{fleet.rows}"
    write(fleet, files)
    size = f"{fleet.rows / 1e6:g}M"
    yield run(f"frames, chunk and merge, {size}", fleet.days, ["-m", "tests.bench.chunk_and_merge", str(files)], {})
    for route, datasets in DATASETS.items():
        settings = {
            "MILLRACE_OPENSHIFT_ROUTE": route,
            "MILLRACE_DUCKDB": str(folder / f"{fleet.rows}-{route}.duckdb"),
            "MILLRACE_DUCKDB_MEMORY": "256MB",  # half of 512: DuckDB holds more than it counts
            "MILLRACE_DUCKDB_THREADS": "1",
            "MALLOC_ARENA_MAX": "2",
            "DBT_TARGET_PATH": str(folder / route),
            "DBT_LOG_PATH": str(folder / route),
        }
        load = ["-m", "loaders.cli", "load", f"{fleet.first.year}", "--source", "openshift", "--files", str(files)]
        load += [word for name in datasets for word in ("--dataset", name)]
        steps = {"load": load} | ({"summary": ["-m", "tests.bench.summary"]} if summaries else {})
        for what, command in steps.items():
            yield run(f"{route} route, {what}, {size}", fleet.days, command, settings)._replace(rows=fleet.rows)


def show(measured: list[Measured], console: Console) -> None:
    """A row per step; the ratio is of rows per second to the frames of the same size."""
    table = Table(title="Pods, hour by hour", title_justify="left")
    for heading in ("what", "rows", "seconds", "rows/s", "times the frames", "peak MB"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    frames = {one.rows: one.rows / one.seconds for one in measured if one.what.startswith("frames")}
    for one in measured:
        rate = one.rows / one.seconds
        cells = (f"{one.rows:,}", f"{one.seconds:.1f}", f"{rate:,.0f}", f"{rate / frames[one.rows]:.1f}")
        table.add_row(one.what, *cells, f"{one.peak_mb:,.0f}")
    console.print(table)
    console.print(FORERUNNER)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    sizes = parser.parse_args().rows
    measured = []
    with tempfile.TemporaryDirectory() as folder:
        for rows in sizes:
            for one in measure(Fleet(rows), Path(folder), summaries=rows == max(sizes)):
                print(one, flush=True)  # a run takes minutes: what is measured is not lost with it
                measured.append(one)
    show(measured, Console(width=120))


if __name__ == "__main__":
    main()
