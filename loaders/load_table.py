"""A table or a query of BigQuery into the warehouse, through the same loop as every dataset, or into parquet files."""

import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
from rich.console import Console

from loaders.catalogue import Dataset, Source
from loaders.destination import Warehouse, open_session
from loaders.errors import DeclarationError
from loaders.lake import new_folder
from loaders.ledger import Entry, read_entries
from loaders.load import Request, make_plan, run_plan
from loaders.memory import peak_mb
from loaders.progress import Bars, Lines, show_outcome, show_plan
from loaders.sources.bigquery.access import Access
from loaders.sources.bigquery.decimals import wide_as_text, without_wide
from loaders.sources.bigquery.declare import declare
from loaders.sources.bigquery.publisher import TablePublisher
from loaders.sources.bigquery.read import Reading, Selection, describe, materialised, open_reading


@dataclass(frozen=True)
class Wanted:
    """What the user asks for: a table or a query, and what of it. `by` is the column that puts a row into its day."""

    table: str | None = None
    query: str | None = None
    columns: tuple[str, ...] = ()
    where: str | None = None
    streams: int = 1
    by: str | None = None
    name: str | None = None
    scratch: str | None = None

    def check(self) -> None:
        """Raise `DeclarationError` for what cannot be meant."""
        if (self.table is None) == (self.query is None):
            raise DeclarationError("say what to read from BigQuery: --table project.dataset.table, or --query SQL")
        if self.query and (self.columns or self.where):
            raise DeclarationError("--column and --where choose from a table; with --query write them into the query")
        if self.streams < 1:
            raise DeclarationError(f"--streams {self.streams}: at least one")

    @property
    def origin(self) -> str:
        """How the ledger and messages name it."""
        return self.table or " ".join((self.query or "").split())


def load_table(
    console: Console,
    wanted: Wanted,
    into: Warehouse | Path,
    spans: list[tuple[date, date]],
    force: bool = False,
    accept_shrink: bool = False,
) -> list[int]:
    """Load into the warehouse's `raw.bigquery__<name>`, or into a folder of parquet files. Returns an exit code a span.

    The table is loaded as a whole, or by `by` the days of the spans. Raises `DeclarationError` when another table
    stands under that name, and as `read_table`.
    """
    wanted.check()
    with ExitStack() as stack:
        access = Access.of_environment()
        table = wanted.table or stack.enter_context(materialised(access, wanted.query or "", wanted.scratch))
        selection = Selection(table, wanted.columns, wanted.where, wanted.streams)
        if isinstance(into, Path):
            _into_folder(console, wanted, into, open_reading(access, selection))
            return [0]
        source = declare(describe(access, selection), wanted.columns, wanted.origin, wanted.name, wanted.by)
        pace = source.requests_per_second
        publisher = TablePublisher(source.url, pace, attempts=2, access=access, selection=selection)
        if wanted.by is None:
            today = datetime.now(UTC).date()
            spans = [(today, today + timedelta(days=1))]
        return _into_warehouse(console, source, into, publisher, spans, force, accept_shrink)


def _into_folder(console: Console, wanted: Wanted, folder: Path, reading: Reading) -> None:
    began = time.monotonic()
    for field in reading.schema:
        if pa.types.is_interval(field.type):
            raise DeclarationError(
                f"{wanted.origin}: column {field.name} is an interval, for which parquet has no type; leave it out "
                "with --column, or cast it in a query"
            )
    with new_folder(folder) as files:
        files.begin(without_wide(reading.schema))
        for batch in reading.batches():
            files.write(wide_as_text(batch))
        manifest = files.finish({"source": wanted.origin, "where": wanted.where, "read_at": datetime.now(UTC)})
    seconds = time.monotonic() - began
    console.print(
        f"{manifest['rows']:,} rows, {len(reading.schema)} columns into {folder} in {seconds:,.1f} s "
        f"({manifest['rows'] / max(seconds, 1e-9):,.0f} rows/s); peak memory {peak_mb():,.0f} MB"
    )


def _into_warehouse(
    console: Console,
    source: Source,
    target: Warehouse,
    publisher: TablePublisher,
    spans: list[tuple[date, date]],
    force: bool,
    accept_shrink: bool,
) -> list[int]:
    [dataset] = source.datasets.values()
    codes = []
    with target.lock([dataset]), open_session(target) as session:
        _check_same(dataset, read_entries(session, source.name).get(dataset.name, []))
        for first, until in spans:
            request = Request(source, (dataset,), first, until, force, accept_shrink)
            jobs = make_plan(request, session)
            console.print(f"{dataset.title} into {dataset.table}, {target}", markup=False)
            show_plan(console, jobs, publisher.requests_per_second)
            began = time.monotonic()
            with Bars(console) if console.is_terminal else Lines(console) as reporter:
                outcome = run_plan(jobs, request, session, publisher, reporter)
            show_outcome(console, outcome, time.monotonic() - began)
            codes.append(outcome.exit_code)
    return codes


def _check_same(dataset: Dataset, entries: list[Entry]) -> None:
    """Raise `DeclarationError` if the rows under this name are another table's: they would be replaced."""
    if others := {entry.request.split("?window=")[0] for entry in entries} - {dataset.title}:
        raise DeclarationError(
            f"{dataset.table} holds {others.pop()}, which {dataset.title} would replace; give it another --name"
        )
