"""`python -m tests.bench.lake [archive.zip]`: SPP's day-ahead prices into a lake, beside the usual way, in one run.

Whole processes, from their imports to their end, take turns; of each the quickest of its rounds is shown, which other
work on the machine delayed least, and the highest peak. Without an archive, 59 days of 1,110 locations are made up:
as many rows as the publisher had in two months of 2022.
"""

from __future__ import annotations

import re
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from tests.loads import ROOT, command_environment
from tests.sandbox.markets import spp
from tests.sandbox.markets.world import CENTRAL, lines, starts

SAID = re.compile(r"([\d,]+) rows.* in [\d.]+ s.*peak memory ([\d,]+) MB")
OURS, THEIRS = "millrace convert", "chunks, frames, one frame"
SIZES = (15, 30, 59)
ROUNDS = 3
LOCATIONS = 1_110
FIRST = date(2022, 2, 1)


class Measured(NamedTuple):
    what: str
    files: int
    rows: int
    seconds: float
    cpu_seconds: float
    peak_mb: float


def made_up(path: Path) -> None:
    """An archive of 59 days. A location's price is one of 50: what is measured is reading, not drawing."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(max(SIZES)):
            day = FIRST + timedelta(days=number)
            rows = ["Interval,GMTIntervalEnd,Settlement Location,Pnode,LMP,MLC,MCC,MEC"]
            for at in starts(day, CENTRAL):
                texts = [spp.prices("spp da", f"{one}", at)[0] for one in range(50)]
                label = spp.ends(at, 60)
                rows += [f"{label},LOCATION_{one:04},PNODE_{one:04},{texts[one % 50]}" for one in range(LOCATIONS)]
            archive.writestr(f"DA-LMP-SL-{day:%Y%m%d}0100.csv", lines(*rows))


def part(whole: Path, size: int, folder: Path) -> Path:
    """An archive of its first days."""
    path = folder / f"{size}.zip"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(source.namelist())[:size]:
            target.writestr(name, source.read(name))
    return path


def measure(what: str, files: int, cache: Path, *command: str) -> Measured:
    """One run. Modules are compiled once into `cache`, for either program."""
    environment = command_environment() | {"PYTHONPYCACHEPREFIX": str(cache)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    said = SAID.search(done.stdout.splitlines()[-1] if done.stdout else "")
    if said is None:
        raise SystemExit(f"{what} failed:\n{done.stdout}\n{done.stderr}")
    rows, peak = (int(text.replace(",", "")) for text in said.groups())
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(what, files, rows, seconds, cpu, peak)


def main() -> None:
    measured = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        whole = Path(sys.argv[1]) if len(sys.argv) > 1 else folder / "whole.zip"
        if len(sys.argv) == 1:
            made_up(whole)
        for size in SIZES:
            archive = part(whole, size, folder)
            convert = ("-m", "loaders.cli", "convert", "2022", "--source", "spp", "--files", str(archive))
            frames = ("-m", "tests.bench.frames", str(archive), str(folder / f"frames-{size}.parquet"))
            rounds = []
            for _ in range(ROUNDS + 1):  # in the first one modules are compiled
                ours = measure(OURS, size, folder / "cache", *convert, "--out", str(folder / f"lake-{size}"))
                rounds.append((ours, measure(THEIRS, size, folder / "cache", *frames)))
            measured += [quickest(runs) for runs in zip(*rounds[1:], strict=True)]
    show(measured)


def quickest(runs: Iterable[Measured]) -> Measured:
    """The quickest of the runs, with the highest peak of all."""
    runs = list(runs)
    return min(runs, key=lambda run: run.seconds)._replace(peak_mb=max(run.peak_mb for run in runs))


def show(measured: list[Measured]) -> None:
    table = Table(title="SPP day-ahead prices into parquet", title_justify="left")
    for heading in ("what", "files", "rows", "seconds", "of CPU", "rows/s", "peak MB"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for one in measured:
        times = (f"{one.seconds:.2f}", f"{one.cpu_seconds:.2f}", f"{one.rows / one.seconds:,.0f}")
        table.add_row(one.what, f"{one.files}", f"{one.rows:,}", *times, f"{one.peak_mb:,.0f}")
    console = Console(width=120)
    console.print(table)
    ours, theirs = ([one for one in measured if one.what == what] for what in (OURS, THEIRS))
    console.print(
        f"{theirs[-1].seconds / ours[-1].seconds:.1f} times as fast; peak of {ours[0].files} to {ours[-1].files} files "
        f"differs by {max(o.peak_mb for o in ours) / min(o.peak_mb for o in ours) - 1:.0%}"
    )


if __name__ == "__main__":
    main()
