"""How a load shows itself: a plan first, then bars on a terminal or a plain line per dataset elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from loaders.memory import peak_mb

if TYPE_CHECKING:  # whoever shows one of these has made it: nothing more is imported to show it
    from loaders.catalogue import Source
    from loaders.convert import Converted
    from loaders.download import Downloaded, Told
    from loaders.extract import Extracted
    from loaders.load import Job, Outcome
    from loaders.published import Published
    from loaders.recognise import Recognised

SECONDS_BETWEEN_LINES = 30  # without a terminal: often enough to see that it lives, seldom enough for a log


def show_plan(console: Console, jobs: Sequence[Job], requests_per_second: float, is_sample: bool = False) -> None:
    """What will be asked for, how many rows that should be, and the least time that the pace allows.

    Rows are expected as the real publisher has them, so there is no telling for generated ones.
    """
    table = Table(title="plan", title_justify="left")
    table.add_column("dataset")
    for heading in ("windows", "done before", "to load", "rows expected"):
        table.add_column(heading, justify="right")
    for job in jobs:
        wanted = len(job.windows)
        cells = (f"{job.in_span:,}", f"{job.in_span - wanted:,}", f"{wanted:,}")
        table.add_row(job.dataset.label, *cells, "generated" if is_sample else f"{job.rows_expected:,}")
    console.print(table)
    requests = sum(len(job.windows) * len(job.dataset.request.each) for job in jobs)
    least = timedelta(seconds=round(requests / requests_per_second))
    console.print(f"{requests:,} requests at {requests_per_second:g} a second: at least {least}")


def show_files(console: Console, jobs: Sequence[Job], found: Recognised) -> None:
    """Which files will be read, and which belong to no dataset."""
    table = Table(title="plan", title_justify="left")
    table.add_column("dataset")
    for heading in ("files", "windows", "done before", "to load", "MB"):
        table.add_column(heading, justify="right")
    for job in jobs:
        files = found.of(job.dataset)
        size = sum(file.size for window in job.windows for file in window.files)
        wanted = len(job.windows)
        counts = (len(files), job.in_span, job.in_span - wanted, wanted)
        if files or len(jobs) == 1:
            table.add_row(job.dataset.label, *(f"{count:,}" for count in counts), f"{size / 1e6:,.1f}")
    console.print(table)
    if found.unknown:
        names = ", ".join(file.name for file in found.unknown[:5]) + (", ..." if len(found.unknown) > 5 else "")
        console.print(f"{len(found.unknown):,} files belong to no dataset and are left alone: {names}", markup=False)


def show_outcome(console: Console, outcome: Outcome, seconds: float) -> None:
    """The outcome in one line, and each failure with what to do, the first twenty in full."""
    console.print(
        f"{outcome.windows_loaded:,} windows loaded, {outcome.windows_done_before:,} done before, "
        f"{outcome.windows_failed:,} failed, {outcome.windows_left:,} left"
        + (f", {outcome.windows_outside:,} files without a row of that time" if outcome.windows_outside else "")
        + f"; {outcome.rows_loaded:,} rows, "
        f"{outcome.rows_quarantined:,} quarantined, {outcome.bytes_read / 1e6:,.1f} MB in {seconds:,.1f} s "
        f"({outcome.rows_loaded / max(seconds, 1e-9):,.0f} rows/s); peak memory {peak_mb():,.0f} MB"
    )
    for error in outcome.errors[:20]:
        console.print(error, style="red", markup=False, highlight=False)
    if len(outcome.errors) > 20:
        console.print(f"... and {len(outcome.errors) - 20:,} more; `millrace status --errors` lists all", style="red")


class Bars:
    """A bar per dataset with rows per second, memory and time left. For a terminal."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<18}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]:>12} {task.fields[memory]:>8}"),
            TimeRemainingColumn(),
            console=console,
        )
        self._task: TaskID | None = None
        self._rows, self._began = 0, 0.0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def started(self, job: Job) -> None:
        self._rows, self._began = 0, time.monotonic()
        self._task = self._progress.add_task(job.dataset.label, total=len(job.windows), rate="", memory="")

    def extracted(self, job: Job, window: Extracted) -> None:
        assert self._task is not None
        self._rows += window.entry.rows_read
        rate = self._rows / max(time.monotonic() - self._began, 1e-9)
        self._progress.update(self._task, advance=1, rate=f"{rate:,.0f} rows/s", memory=f"{peak_mb():,.0f} MB")

    def finished(self, job: Job) -> None:
        pass


class Lines:
    """A line when a dataset begins and ends, and now and then in between. For logs."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._rows, self._windows, self._failed = 0, 0, 0
        self._began = self._said = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def started(self, job: Job) -> None:
        self._rows = self._windows = self._failed = 0
        self._began = self._said = time.monotonic()

    def extracted(self, job: Job, window: Extracted) -> None:
        self._windows += 1
        self._rows += window.entry.rows_read
        self._failed += not window.entry.is_good
        if time.monotonic() - self._said > SECONDS_BETWEEN_LINES:
            self._said = time.monotonic()
            self._say(job)

    def finished(self, job: Job) -> None:
        self._say(job)

    def _say(self, job: Job) -> None:
        seconds = max(time.monotonic() - self._began, 1e-9)
        left = timedelta(seconds=round(seconds / max(self._windows, 1) * (len(job.windows) - self._windows)))
        self._console.print(
            f"{job.dataset.label}: {self._windows:,}/{len(job.windows):,} windows, {self._failed:,} failed, "
            f"{self._rows:,} rows, {self._rows / seconds:,.0f} rows/s, {peak_mb():,.0f} MB, {left} left",
            highlight=False,
        )


def show_converted(console: Console, outcome: Converted, found: Recognised, seconds: float) -> None:
    """A line per parquet file, what failed, and a summary."""
    for one in outcome.written:
        console.print(f"{one.path}: {one.rows:,} rows, {one.first} to {one.last}", markup=False, highlight=False)
    for path in outcome.kept:
        console.print(f"{path}: kept as it was, because an input failed", style="red", markup=False, highlight=False)
    for error in outcome.errors:
        console.print(error, style="red", markup=False, highlight=False)
    if found.unknown:
        names = ", ".join(file.name for file in found.unknown[:10])
        console.print(f"{len(found.unknown):,} files belong to no dataset and are left alone: {names}", markup=False)
    rows = sum(one.rows for one in outcome.written)
    console.print(
        f"{outcome.files_read:,} files read, {len(outcome.written):,} written, {len(outcome.errors):,} failed; "
        f"{rows:,} rows, {outcome.rows_outside:,} of other years, {outcome.rows_quarantined:,} quarantined in "
        f"{seconds:.1f} s ({rows / max(seconds, 1e-9):,.0f} rows/s); peak memory {peak_mb():,.0f} MB",
        highlight=False,
    )


def tell_downloaded(console: Console) -> Told:
    """A line per file on a terminal, and now and then one elsewhere."""
    said = time.monotonic()

    def tell(file: Published, size: int) -> None:
        nonlocal said
        if console.is_terminal or time.monotonic() - said > SECONDS_BETWEEN_LINES:
            said = time.monotonic()
            console.print(f"{file.dataset.label} {file.of}: {file.name}, {size:,} bytes", markup=False, highlight=False)

    return tell


def show_downloaded(
    console: Console, source: Source, outcome: Downloaded, first: date, until: date, folder: Path
) -> None:
    """What is missing, what failed, and a summary with the command that comes next."""
    for said in (*outcome.missing, *outcome.errors):
        console.print(said, style="red", markup=False, highlight=False)
    last = until - timedelta(days=1)
    console.print(
        f"{source.title}, {first} to {last}: {outcome.fetched:,} files fetched ({outcome.size:,} bytes), "
        f"{outcome.there:,} were there, {len(outcome.missing):,} missing, {len(outcome.errors):,} failed",
        highlight=False,
    )
    if outcome.fetched or outcome.there:
        load = f"millrace load --from {first} --to {last} --source {source.name} --files {folder}"
        console.print(f"Next: {load}", markup=False, highlight=False)
