"""What a publisher's release has changed in a window that is loaded: rows added, removed and unchanged.

Rows are compared by their hash and occurrence, so neither their order nor their numbering matters. Nothing is written.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq

from loaders.catalogue import Dataset
from loaders.destination import Session
from loaders.errors import DeclarationError
from loaders.extract import extract
from loaders.parts import Part, batch_rows
from loaders.transport import Publisher
from loaders.windows import Window

DIGITS = "0123456789abcdef"  # of a hash's beginning: a sixteenth of either side is held at a time
DIGEST_BYTES = 16
IDENTITY_BYTES = DIGEST_BYTES + 4  # of hash and occurrence


@dataclass(frozen=True)
class Difference:
    """Counts of rows: in the release only, in the warehouse only, and in both; and the release's day and SHA-256."""

    window: str
    added: int
    removed: int
    unchanged: int
    sha256: str


def compare(dataset: Dataset, window: Window, publisher: Publisher, session: Session) -> Difference:
    """Compare what is published now with what is loaded.

    Raises `DeclarationError` for a dataset whose rows have no identity, and what made it fail if the release cannot be
    had whole.
    """
    row_hash, occurrence = dataset.computed("row_hash"), dataset.computed("occurrence")
    if row_hash is None or occurrence is None or dataset.window is None or window.bounds is None:
        raise DeclarationError(
            f"{dataset.label} has a key of its own ({', '.join(dataset.grain)}); releases are compared where rows have "
            "none, by the fields with `computed: row_hash` and `computed: occurrence`"
        )
    part_rows = session.warehouse.part_rows(len(dataset.fields))
    extracted = extract(dataset, window, publisher, session.folder / "release", part_rows, previous=None)
    if extracted.failure is not None:
        raise extracted.failure
    first, until = (session.warehouse.literal(bound) for bound in window.bounds)
    inside = f"{dataset.window} >= {first} AND {dataset.window} < {until}"
    added = removed = unchanged = 0
    with TemporaryDirectory(dir=session.folder) as name:
        folder = Path(name)
        _sort_by_digit(extracted.parts, (row_hash.name, occurrence.name), folder)
        extracted.throw_away()
        for digit in DIGITS:
            published = set(_identities(folder / digit))
            with session.connected():
                rows = session.query(
                    f"SELECT {row_hash.name}, {occurrence.name} FROM {session.table(dataset.table)} "
                    f"WHERE {inside} AND {row_hash.name} LIKE '{digit}%'"
                )
            loaded = {_identity(*row) for row in rows}
            both = len(published & loaded)
            added, removed, unchanged = added + len(published) - both, removed + len(loaded) - both, unchanged + both
    return Difference(window.label, added, removed, unchanged, extracted.entry.sha256)


def _sort_by_digit(parts: list[Part], columns: tuple[str, str], folder: Path) -> None:
    """The identities of all rows, in a file for each first digit of their hashes."""
    for path, _ in parts:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            for batch in file.iter_batches(batch_rows(len(columns)), columns=list(columns), use_threads=False):
                sorted_rows: dict[str, bytearray] = {}
                for row_hash, occurrence in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    sorted_rows.setdefault(row_hash[0], bytearray()).extend(_identity(row_hash, occurrence))
                for digit, found in sorted_rows.items():
                    with (folder / digit).open("ab") as opened:
                        opened.write(found)


def _identity(row_hash: str, occurrence: int) -> bytes:
    return bytes.fromhex(row_hash) + occurrence.to_bytes(IDENTITY_BYTES - DIGEST_BYTES)


def _identities(path: Path) -> Iterator[bytes]:
    if path.exists():
        content = path.read_bytes()
        yield from (content[start : start + IDENTITY_BYTES] for start in range(0, len(content), IDENTITY_BYTES))
