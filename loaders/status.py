"""What the ledger says, what the warehouse holds, and where they differ."""

import re
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from loaders.catalogue import Dataset, Source
from loaders.destination import Session
from loaders.errors import DeclarationError
from loaders.ledger import Entry, read_entries, standings
from loaders.windows import windows

MARTS = "marts"
NARROWEST = 12  # a column of a table that is shown, if its name is longer
WIDEST = 40  # the same: labels and messages are folded there
LEADING = 2  # columns by which a table that is shown is sorted: they say which row it is, unless they are measures
BORDERS = 3  # characters between one column and the next


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
    untouched = []
    for dataset in source.datasets.values():
        known = standings(entries.get(dataset.name, []))
        if not known:
            untouched.append(dataset.name)
            continue
        done = [standing for standing in known.values() if standing.last.is_good]
        wanted = [window.label for window in windows(dataset.request.window, zone, *span)] if span else []
        # One cluster's report of a day is labelled with the day and its name: the day is there with any of them.
        days = {label.partition(" ")[0] for label in known}
        good = [standing.good for standing in known.values() if standing.good]
        cells = (
            f"{len(done):,}",
            f"{len(known) - len(done):,}",
            f"{sum(label not in days for label in wanted):,}",
            f"{sum(entry.rows_loaded for entry in good):,}",
            f"{sum(entry.rows_quarantined for entry in good):,}",
            max((entry.window_label for entry in good), default="none"),
        )
        table.add_row(dataset.name, *cells)
    if not table.row_count:
        console.print(f"nothing of {source.title} is loaded into {session.warehouse}")
        return
    console.print(table)
    if untouched:
        console.print(f"nothing loaded of {len(untouched)}: {', '.join(untouched)}", highlight=False)
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
        known = entries[dataset.source_name].get(dataset.name, [])
        windows += sum(standing.good is not None for standing in standings(known).values())
        compare = _compare_files if dataset.request.window == "file" else _compare_windows
        found, counted = compare(dataset, known, session)
        for said in found:
            console.print(f"{dataset.label} {said}", style="red", markup=False)
        differences += len(found)
        rows += counted
    console.print(f"{rows:,} rows in {windows:,} windows recounted, {differences:,} differences")
    if differences:
        console.print("load those windows again with --force; something else wrote to the raw tables")
    return differences


def _compare_windows(dataset: Dataset, known: Sequence[Entry], session: Session) -> tuple[list[str], int]:
    """What differs, and how many rows there are: a window has those of its last good load, others have none."""
    expected = {label: one.good.rows_loaded for label, one in standings(known).items() if one.good}
    counted = _count_by_window(dataset, session)
    differences = [
        f"{label}: the ledger says {expected.get(label, 0):,} rows, {counted.get(label, 0):,} are there"
        for label in sorted(expected.keys() | counted.keys())
        if counted.get(label, 0) != expected.get(label, 0)
    ]
    return differences, sum(counted.values())


def _compare_files(dataset: Dataset, known: Sequence[Entry], session: Session) -> tuple[list[str], int]:
    """As `_compare_windows`; but a later file may have taken rows of an earlier one, whose span it touches."""
    sha256 = dataset.computed("body_sha256")
    assert sha256 is not None  # the declaration is checked for it
    table = session.table(dataset.table)
    counted = dict(session.query(f"SELECT {sha256.name}, COUNT(*) FROM {table} GROUP BY 1"))
    loaded: dict[str, Entry] = {}
    for entry in known:
        if entry.is_good:
            loaded.pop(entry.sha256, None)  # a file that was loaded again is later than what came in between
            loaded[entry.sha256] = entry
    good = list(loaded.values())
    differences = [
        f"{entry.window_label}: the ledger says {entry.rows_loaded:,} rows, {counted.get(entry.sha256, 0):,} are there"
        for number, entry in enumerate(good)
        if (there := counted.get(entry.sha256, 0)) > entry.rows_loaded
        or (there < entry.rows_loaded and not any(_touches(entry, later) for later in good[number + 1 :]))
    ]
    differences += [
        f"{rows:,} rows of a file with the SHA-256 {text}, which the ledger does not know"
        for text, rows in counted.items()
        if text not in loaded
    ]
    return differences, sum(counted.values())


def _touches(earlier: Entry, later: Entry) -> bool:
    if not (earlier.window_from and earlier.window_until and later.window_from and later.window_until):
        return False
    return earlier.window_from < later.window_until and later.window_from < earlier.window_until


def _count_by_window(dataset: Dataset, session: Session) -> dict[str, int]:
    table = session.table(dataset.table)
    if dataset.window is None:
        return dict(session.query(f"SELECT 'snapshot', COUNT(*) FROM {table}"))
    is_instant = dataset.request.window == "utc_day"
    label = session.warehouse.utc_day(dataset.window) if is_instant else dataset.window
    within = [field.name for field in dataset.fields if field.computed == "within"]
    columns = ", ".join([f"{label} AS label", *within])
    found = session.query(
        f"SELECT {columns}, COUNT(*) FROM {table} GROUP BY {', '.join(map(str, range(1, 2 + len(within))))}"
    )
    return {" ".join(map(str, parts)): rows for *parts, rows in found}


def show_table(console: Console, session: Session, name: str, rows: int) -> None:
    """The first rows of a table, below each other as many columns as fit. Raises `DeclarationError` for no table."""
    if not re.fullmatch(r"\w+(\.\w+)?", name):
        raise DeclarationError(f"{name!r} is not a table; write schema.table")
    schema, table = name.split(".") if "." in name else (MARTS, name)
    names, found = session.query_named(f"SELECT * FROM {session.table(table, schema)} ORDER BY 1, 2 LIMIT {rows:d}")
    if not names:
        raise DeclarationError(f"no table {schema}.{table} in {session.warehouse}; load and build first")
    headings, widths = [], []
    for place, column in enumerate(names):
        widest = min(max([len(_shown(row[place])) for row in found], default=0), WIDEST)
        headings.append(broken(column, max(widest, NARROWEST)))
        widths.append(max(widest, *map(len, headings[-1].split("\n"))))
    title: str | None = f"{schema}.{table}"
    measured = [place for place in range(len(names)) if any(isinstance(row[place], float | Decimal) for row in found)]
    for places in bands(widths, console.width, leading=min([LEADING, len(names), *measured])):
        shown = Table(title=title, title_justify="left")
        for place in places:
            is_number = any(_is_number(row[place]) for row in found)
            justify: Literal["left", "right"] = "right" if is_number else "left"
            shown.add_column(headings[place], overflow="fold", max_width=WIDEST, justify=justify)
        for row in found:
            shown.add_row(*(_shown(row[place]) for place in places))
        console.print(shown)
        title = None


def bands(widths: Sequence[int], width: int, leading: int) -> list[list[int]]:
    """The places of columns that are shown beside each other, in so many characters, the leading ones each time."""
    first = list(range(leading))
    found = [list(first)]
    for place in range(leading, len(widths)):
        taken = sum(widths[one] + BORDERS for one in [*found[-1], place]) + 1
        if taken > width and len(found[-1]) > leading:
            found.append(list(first))
        found[-1].append(place)
    return found


def _is_number(cell: Any) -> bool:
    return isinstance(cell, int | float | Decimal) and not isinstance(cell, bool)


def _shown(cell: Any) -> str:
    if cell is None:
        return "null"
    return f"{cell:,.4f}" if isinstance(cell, float) else str(cell)


def broken(name: str, width: int) -> str:
    """A column's name on lines of that many characters, as far as its underscores allow."""
    lines = [""]
    for word in re.findall(r"[^_]*_?", name):
        if len(lines[-1]) + len(word) > width and lines[-1]:
            lines.append("")
        lines[-1] += word
    return "\n".join(lines)
