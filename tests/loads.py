"""Loads as tests run them: in this process, or as the command that a user types."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from typer.testing import CliRunner

from loaders.catalogue import Dataset, Source, read_catalogue
from loaders.cli import app
from loaders.destination import open_session
from loaders.extract import Extracted
from loaders.files import find_files
from loaders.ledger import COLUMNS, TABLE
from loaders.load import Job, Outcome, Request, make_plan, run_plan
from loaders.recognise import recognise
from loaders.transport import Publisher
from loaders.windows import Window
from tests.sandbox import Sandbox
from tests.warehouses import Digest, Row, Target, digest, environment

ROOT = Path(__file__).parent.parent
ELEXON: Source = read_catalogue().source("elexon")

# Failures are asked for again at once, and the publisher is ours: no test waits.
UNHURRIED = {"MILLRACE_RETRY_SECONDS": "0", "MILLRACE_REQUESTS_PER_SECOND": "1000000"}


class Quiet:
    """A reporter that remembers which windows it was told of."""

    def __init__(self) -> None:
        self.seen: list[Extracted] = []

    def started(self, job: Job) -> None:
        """Nothing to show."""

    def extracted(self, job: Job, window: Extracted) -> None:
        self.seen.append(window)

    def finished(self, job: Job) -> None:
        """Nothing to show."""


def day(text: str) -> date:
    return date.fromisoformat(text)


def run_load(
    target: Target,
    url: str,
    datasets: Iterable[str],
    first: str,
    last: str | None = None,
    *,
    source: Source = ELEXON,
    force: bool = False,
    accept_shrink: bool = False,
    reporter: Quiet | None = None,
    files: str | None = None,
    is_sample: bool = False,
) -> Outcome:
    """Load the days from `first` to `last`, both included, as the command does: lock, session, plan, run."""
    wanted = tuple(source.dataset(name) for name in datasets)
    until = day(last or first) + timedelta(days=1)
    warehouse = target.open()
    with environment(target.settings), warehouse.lock(wanted), open_session(warehouse) as session:
        found = recognise(source, find_files(files)) if files else None
        request = Request(source, wanted, day(first), until, force, accept_shrink, found, is_sample)
        publisher = Publisher.of(source, url, is_sample)
        return run_plan(make_plan(request, session), request, session, publisher, reporter or Quiet())


def load_days(target: Target, url: str, days: dict[str, list[date]], *, force: bool = False) -> Outcome:
    """Load these days of each dataset (registers whole) in one session and one commit a dataset."""
    if not days:
        return Outcome()
    wanted = tuple(ELEXON.dataset(name) for name in days)
    every = sorted({day for listed in days.values() for day in listed})
    warehouse = target.open()
    with environment(target.settings), warehouse.lock(wanted), open_session(warehouse) as session:
        request = Request(ELEXON, wanted, every[0], every[-1] + timedelta(days=1), force)
        jobs = []
        for job in make_plan(request, session):
            windows = tuple(window for window in job.windows if window.first in (None, *days[job.dataset.name]))
            jobs.append(replace(job, windows=windows, span=windows))
        return run_plan(jobs, request, session, Publisher.of(ELEXON, url), Quiet())


def run_files(
    target: Target,
    source: Source,
    folder: Path,
    year: int,
    datasets: Iterable[str] | None = None,
    *,
    force: bool = False,
) -> Outcome:
    """Load the files in a folder, of one year, as the command does with --files."""
    wanted = tuple(source.dataset(name) for name in datasets or source.datasets)
    warehouse = target.open()
    with environment(target.settings), warehouse.lock(wanted), open_session(warehouse) as session:
        found = recognise(source, find_files(str(folder)))
        request = Request(source, wanted, date(year, 1, 1), date(year + 1, 1, 1), force=force, files=found)
        return run_plan(make_plan(request, session), request, session, Publisher("", 1), Quiet())


def run_cli(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`millrace` with these arguments; settings of the caller's own environment are kept out."""
    return subprocess.run(
        [sys.executable, "-m", "loaders.cli", *arguments],
        cwd=ROOT,
        env=command_environment() | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def look(target: Target, *arguments: str, **environment: str) -> tuple[int, str]:
    """A command that only reads, in this process: its exit code and what it says."""
    found = CliRunner().invoke(app, list(arguments), env=target.settings | environment)
    return found.exit_code, found.output


def command_environment() -> dict[str, str]:
    """The environment of a command that a test starts."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MILLRACE_", "PG", "DLT_"))}
    return kept | UNHURRIED | {"PYTHONWARNINGS": "ignore"}


def declared_columns(dataset: Dataset) -> list[str]:
    return [field.name for field in dataset.fields]


def stored(target: Target, dataset: Dataset, where: str = "TRUE") -> Digest:
    """What stands in a dataset's raw table, in its declared columns."""
    return digest(target.rows(dataset.table, declared_columns(dataset), where))


def published(dataset: Dataset, records: Iterable[dict[str, Any]]) -> list[Row]:
    """The publisher's records as the rows that a right load stores: keys by declared name, values by declared type."""
    keys = [(field.type, field.key or field.name) for field in dataset.fields]  # what was asked for has its name as key
    return [tuple(_value(kind, record.get(key)) for kind, key in keys) for record in records]


def _value(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == "json":
        import json

        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    read = {
        "string": str,
        "integer": int,
        "double": float,
        "boolean": lambda text: {True: True, False: False, "true": True, "false": False}[text],
        "date": date.fromisoformat,
        "timestamp": datetime.fromisoformat,
    }
    return read[kind](value)


def window_records(publisher: Sandbox, dataset: Dataset, on: date) -> list[dict[str, Any]]:
    """The records that the window of `on` stores, with what was asked for where they do not say it themselves."""
    records = [
        record | asked.values
        for asked in dataset.asked(Window(dataset.request.window, ZoneInfo(ELEXON.time_zone), on).values)
        for record in publisher.rows(dataset.name, on, **asked.values)
    ]
    return list(own_days(dataset, records, on))


def own_days(dataset: Dataset, records: Iterable[dict[str, Any]], window: date) -> Iterator[dict[str, Any]]:
    """The records that a window stores: a neighbour's, which come along, are stored with their own day."""
    if dataset.overlap is None:
        yield from records
        return
    key = next(field.key for field in dataset.fields if field.name == dataset.window)
    yield from (record for record in records if record[key] == window.isoformat())


def ledger(target: Target, dataset: str | None = None) -> list[dict[str, Any]]:
    """The ledger's entries of complete loads, oldest first."""
    if not target.has(TABLE):
        return []
    rows = target.query(
        f"SELECT {', '.join('l.' + name for name in COLUMNS)} FROM raw.{TABLE} AS l "
        "JOIN raw._dlt_loads AS d ON d.load_id = l._dlt_load_id AND d.status = 0 "
        "ORDER BY d.inserted_at, l.started_at"
    )
    entries = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    return [entry for entry in entries if dataset in (None, entry["dataset"])]


@contextmanager
def running(command: list[str], **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A process with pipes, ended with the block."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=command_environment() | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
