"""Load physical notifications at real volume (120,000 rows a day) and print rows per second and peak memory.

Beside it, in the same run, the way that this replaces: the whole body decoded at once, a data frame, an append.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from tests.bench.settings import ROOT, SAID, postgres
from tests.loads import command_environment
from tests.sandbox import Sandbox

FIRST = "2024-01-01"


class Measured(NamedTuple):
    what: str
    days: int
    rows: int
    seconds: float
    peak_mb: float


def millrace(what: str, days: int, url: str, settings: dict[str, str]) -> Measured:
    """The command itself, in a process of its own."""
    last = f"2024-01-{days:02}"
    command = ["-m", "loaders.cli", "load", "--from", FIRST, "--to", last, "--dataset", "pn", "--force"]
    return run(what, days, command, settings | {"MILLRACE_ELEXON_URL": url})


def whole_body(days: int, url: str) -> Measured:
    """The pattern of the scripts that this replaces."""
    return run("whole body, frame, append (duckdb)", days, ["-m", "tests.bench.whole_body", url, FIRST, str(days)], {})


def run(what: str, days: int, command: list[str], settings: dict[str, str]) -> Measured:
    environment = command_environment() | settings
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # each command would compile 1,900 modules anew
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    said = SAID.search(done.stdout)
    if said is None:
        raise SystemExit(f"{what} failed:\n{done.stdout}\n{done.stderr}")
    rows, seconds, peak = (float(text.replace(",", "")) for text in said.groups())
    return Measured(what, days, int(rows), seconds, peak)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=30, help="length of the long run, at most 31")
    days = parser.parse_args().days
    measured = []
    with tempfile.TemporaryDirectory() as folder, Sandbox(scale=1.0) as sandbox, postgres() as server:
        url = sandbox.url("elexon")
        for length in (1, days):
            settings = {"MILLRACE_DUCKDB": str(Path(folder) / f"bench-{length}.duckdb")}
            measured.append(millrace("millrace (duckdb)", length, url, settings))
            measured.append(millrace("millrace (postgres)", length, url, server))
        measured.append(whole_body(1, url))
        measured.append(whole_body(min(days, 5), url))  # a month of it does not fit into a small machine
    show(measured)


def show(measured: list[Measured]) -> None:
    """A row per run; the ratio is of rows per second to the pattern of the same table's last row."""
    table = Table(title="PN at real volume", title_justify="left")
    for heading in ("what", "days", "rows", "seconds", "rows/s", "times the pattern", "peak MB"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    baseline = measured[-1].rows / measured[-1].seconds
    for one in measured:
        rate = one.rows / one.seconds
        cells = (
            f"{one.days}",
            f"{one.rows:,}",
            f"{one.seconds:.1f}",
            f"{rate:,.0f}",
            f"{rate / baseline:.1f}",
            f"{one.peak_mb:,.0f}",
        )
        table.add_row(one.what, *cells)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
