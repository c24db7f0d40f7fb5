"""What has been asked for and what became of it: one row a window and attempt, in the warehouse beside the data.

An entry counts only when the load that brought it is complete: dlt writes its own row of that load last, so an entry
whose load id is not in `_dlt_loads` belongs to a load that was killed, and its window is done again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime, time
from typing import Literal

import pyarrow as pa

from loaders.catalogue import Dataset
from loaders.destination import Session
from loaders.files import SourceFile

TABLE = "load_ledger"
Status = Literal["loaded", "empty", "failed"]
SAMPLE = "sample: "  # begins an entry's `request` where generated publishers were asked

SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("dataset", pa.string()),
        ("window_label", pa.string()),
        ("window_from", pa.date32()),  # first day, in the window's own calendar
        ("window_until", pa.date32()),  # the day after the last
        ("status", pa.string()),
        ("rows_read", pa.int64()),  # = loaded + quarantined + neighbouring
        ("rows_loaded", pa.int64()),
        ("rows_quarantined", pa.int64()),
        ("rows_neighbouring", pa.int64()),
        ("bytes_read", pa.int64()),
        ("sha256", pa.string()),  # of the body as received, after decompression
        ("request", pa.string()),
        ("error", pa.string()),
        ("started_at", pa.timestamp("us", tz="UTC")),
        ("finished_at", pa.timestamp("us", tz="UTC")),
    ]
)


@dataclass(frozen=True)
class Entry:
    """One row of the ledger. `window_from` and `window_until` are None for a snapshot; counts are rows, sizes bytes."""

    source: str
    dataset: str
    window_label: str
    window_from: date | None
    window_until: date | None
    request: str
    started_at: datetime
    finished_at: datetime | None = None
    status: Status = "failed"
    rows_read: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    rows_neighbouring: int = 0
    bytes_read: int = 0
    sha256: str = ""
    error: str | None = None

    @property
    def is_good(self) -> bool:
        return self.status != "failed"

    @property
    def is_sample(self) -> bool:
        """True if its rows are generated ones."""
        return self.request.startswith(SAMPLE)


def as_table(entries: Iterable[Entry]) -> pa.Table:
    """Entries as Arrow, in SCHEMA's columns."""
    return pa.Table.from_pylist([asdict(entry) for entry in entries], schema=SCHEMA)


def said_of(files: Sequence[SourceFile]) -> str:
    """What stands in an entry's `request` for files: a line each, with what changes when the file does."""
    return "\n".join(f"{file.name}, {file.size} bytes of {file.modified.isoformat()}" for file in files)


COLUMNS = [column.name for column in fields(Entry)]


@dataclass(frozen=True)
class Standing:
    """Where a window stands: its last attempt, and the last good one, whose rows are in the table."""

    last: Entry
    good: Entry | None = None

    def is_done(self, dataset: Dataset, now: datetime) -> bool:
        """True if the last attempt was good, and later than whatever may have changed in the window by `now`."""
        if not self.last.is_good or self.last.window_until is None:
            return False
        ended = datetime.combine(self.last.window_until, time(), tzinfo=UTC)
        return self.last.started_at >= ended + dataset.changed_after(now - ended)

    def has_read(self, files: Sequence[SourceFile]) -> bool:
        """True if the last attempt was good and read these files, with the sizes and times that they have now."""
        return self.last.is_good and self.last.request.removeprefix(SAMPLE) == said_of(files)


def standings(entries: Iterable[Entry]) -> dict[str, Standing]:
    """The standing of every window, by label. `entries` are one dataset's, in the order in which they were written."""
    found: dict[str, Standing] = {}
    for entry in entries:
        earlier = found.get(entry.window_label)
        good = entry if entry.is_good else earlier.good if earlier else None
        found[entry.window_label] = Standing(entry, good)
    return found


def read_entries(session: Session, source: str) -> dict[str, list[Entry]]:
    """The source's entries of complete loads by dataset, oldest first. Raises `WarehouseUnavailable`."""
    rows = session.query(
        f"SELECT {', '.join(f'l.{name}' for name in COLUMNS)} FROM {session.table(TABLE)} AS l "
        f"JOIN {session.table('_dlt_loads')} AS d ON d.load_id = l._dlt_load_id "
        f"WHERE d.status = 0 AND l.source = {session.warehouse.literal(source)} "
        "ORDER BY d.inserted_at, l.started_at"
    )
    entries: dict[str, list[Entry]] = {}
    for row in rows:
        entry = Entry(**dict(zip(COLUMNS, row, strict=True)))
        entries.setdefault(entry.dataset, []).append(entry)
    return entries
