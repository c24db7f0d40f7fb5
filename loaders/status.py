"""What the ledger says, what the warehouse holds, and where they differ."""

import re
from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from loaders.catalogue import Dataset, Source
from loaders.destination import Session
from loaders.errors import DeclarationError
from loaders.ledger import read_entries, standings
from loaders.windows import windows

MARTS = "marts"


def show_status(console: Console, source: Source, session: Session) -> None:
    """A row per dataset: windows done, failed and missing between the source's first and last, rows, last window."""
    entries = read_entries(session, source.name)
    zone = ZoneInfo(source.time_zone)
    seen = [day for known in entries.values() for e in known for day in (e.window_from, e.window_until) if day]
    span = (min(seen), max(seen)) if seen else None
    table = Table(title=f"{source.title} in {session.warehouse}", title_justify="left")
    table.add_column("dataset")
    for heading in ("done", "failed", "missing", "rows", "quarantined", "last window"):
        table.add_column(heading, justify="right")
    for dataset in source.datasets.values():
        known = standings(entries.get(dataset.name, []))
        done = [standing for standing in known.values() if standing.last.is_good]
        wanted = [window.label for window in windows(dataset.request.window, zone, *span)] if span else []
        good = [standing.good for standing in known.values() if standing.good]
        cells = (
            f"{len(done):,}",
            f"{len(known) - len(done):,}",
            f"{sum(label not in known for label in wanted):,}",
            f"{sum(entry.rows_loaded for entry in good):,}",
            f"{sum(entry.rows_quarantined for entry in good):,}",
            max((entry.window_label for entry in good), default="none"),
        )
        table.add_row(dataset.name, *cells)
    console.print(table)
    if span:
        console.print(
            f"from {span[0]} to {span[1] - timedelta(days=1)}; `millrace status --errors` says why windows failed"
        )


def show_errors(console: Console, source: Source, session: Session) -> None:
    """Every window whose last attempt failed, with its message."""
    failed = [
        standing.last
        for known in read_entries(session, source.name).values()
        for standing in standings(known).values()
        if not standing.last.is_good
    ]
    for entry in failed:
        console.print(f"{entry.finished_at:%Y-%m-%d %H:%M:%S} {entry.error}", markup=False, highlight=False)
    console.print(f"{len(failed):,} windows failed")


def show_differences(console: Console, datasets: Sequence[Dataset], session: Session) -> int:
    """Recount each dataset's rows by window and print every difference from the ledger. Returns how many there are."""
    differences = windows = rows = 0
    entries = {name: read_entries(session, name) for name in {dataset.source_name for dataset in datasets}}
    for dataset in datasets:
        known = standings(entries[dataset.source_name].get(dataset.name, []))
        expected = {label: standing.good.rows_loaded for label, standing in known.items() if standing.good}
        counted = _count_by_window(dataset, session)
        for label in sorted(expected.keys() | counted.keys()):
            if (there := counted.get(label, 0)) != (said := expected.get(label, 0)):
                differences += 1
                console.print(
                    f"{dataset.label} {label}: the ledger says {said:,} rows, {there:,} are there", style="red"
                )
        windows += len(expected)
        rows += sum(counted.values())
    console.print(f"{rows:,} rows in {windows:,} windows recounted, {differences:,} differences")
    if differences:
        console.print("load those windows again with --force; something else wrote to the raw tables")
    return differences


def _count_by_window(dataset: Dataset, session: Session) -> dict[str, int]:
    table = session.table(dataset.table)
    if dataset.window is None:
        return dict(session.query(f"SELECT 'snapshot', COUNT(*) FROM {table}"))
    is_instant = dataset.request.window == "utc_day"
    label = session.warehouse.utc_day(dataset.window) if is_instant else dataset.window
    return {str(window): rows for window, rows in session.query(f"SELECT {label}, COUNT(*) FROM {table} GROUP BY 1")}


def show_table(console: Console, session: Session, name: str, rows: int) -> None:
    """The first rows of a table. Raises `DeclarationError` for a name that is none."""
    if not re.fullmatch(r"\w+(\.\w+)?", name):
        raise DeclarationError(f"{name!r} is not a table; write schema.table")
    schema, table = name.split(".") if "." in name else (MARTS, name)
    names, found = session.query_named(f"SELECT * FROM {session.table(table, schema)} ORDER BY 1, 2 LIMIT {rows:d}")
    if not names:
        raise DeclarationError(f"no table {schema}.{table}; load and build first")
    shown = Table(title=f"{schema}.{table}", title_justify="left")
    for column in names:
        shown.add_column(column, overflow="fold")
    for row in found:
        shown.add_row(*(f"{cell:,.4f}" if isinstance(cell, float) else str(cell) for cell in row))
    console.print(shown)
