"""Build the marts of Great Britain over a month at real volume (35 million raw rows) and print seconds and peak memory.

`python -m tests.bench.marts --file month.duckdb` loads what is missing there and keeps it: a second run only builds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import duckdb
from rich.console import Console
from rich.table import Table

from tests.loads import ROOT, command_environment
from tests.sandbox import Sandbox

FIRST, LAST = "2024-03-01", "2024-03-31"  # a month with a change of the clocks
SLOWEST = 8


class Built(NamedTuple):
    """One `dbt build` with all its tests. `nodes` are (name, seconds), slowest first."""

    raw_rows: int
    seconds: float
    peak_mb: float
    nodes: list[tuple[str, float]]


def load_month(file: Path) -> None:
    """Load every dataset of Elexon for the month, as the command does; what is done is skipped."""
    with Sandbox(scale=1.0) as sandbox:
        days = ["--from", FIRST, "--to", LAST]
        _run(
            ["-m", "loaders.cli", "load", *days],
            {"MILLRACE_DUCKDB": str(file), "MILLRACE_ELEXON_URL": sandbox.url("elexon")},
        )


def build_month(file: Path) -> Built:
    """`task build` in a process of its own."""
    with duckdb.connect(file, read_only=True) as connection:
        [[rows]] = connection.execute(
            "SELECT SUM(estimated_size) FROM duckdb_tables() WHERE schema_name = 'raw' AND table_name LIKE 'elexon%'"
        ).fetchall()
    with tempfile.TemporaryDirectory() as folder:
        settings = {"MILLRACE_DUCKDB": str(file), "DBT_TARGET_PATH": folder, "DBT_LOG_PATH": folder}
        began = time.monotonic()
        peak = _run(["-m", "flows.build", "--quiet"], settings)
        seconds = time.monotonic() - began
        results = json.loads((Path(folder) / "run_results.json").read_text())["results"]
    nodes = sorted(((result["unique_id"], result["execution_time"]) for result in results), key=lambda node: -node[1])
    return Built(int(rows), seconds, peak, nodes)


def _run(command: list[str], settings: dict[str, str]) -> float:
    """Run Python to its end and give the peak of its memory, MB. Ends this process with its output if it fails."""
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=command_environment() | settings, stdout=said, stderr=said
        )
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            said.seek(0)
            raise SystemExit(f"{' '.join(command)} failed:\n{said.read()}")
    return usage.ru_maxrss / 1e6 if sys.platform == "darwin" else usage.ru_maxrss * 1024 / 1e6


def show(built: Built) -> None:
    """The whole build first, then the nodes that took longest."""
    table = Table(title="dbt build of a month of Elexon at real volume (duckdb)", title_justify="left")
    for heading in ("what", "raw rows", "seconds", "peak MB"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    table.add_row("all models and tests", f"{built.raw_rows:,}", f"{built.seconds:.1f}", f"{built.peak_mb:,.0f}")
    for name, seconds in built.nodes[:SLOWEST]:
        table.add_row(name, "", f"{seconds:.1f}", "")
    Console(width=120).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, help="a DuckDB file that is kept")
    chosen = parser.parse_args().file
    with tempfile.TemporaryDirectory() as folder:
        file = (chosen or Path(folder) / "month.duckdb").absolute()
        load_month(file)
        show(build_month(file))


if __name__ == "__main__":
    main()
