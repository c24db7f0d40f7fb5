"""One parquet file of the lake while it is made: written under another name, verified from its footer, then renamed.

Whoever reads the folder sees the old file or the new one, whole. What a crash leaves behind is never taken for one.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from loaders.errors import SourceChanged
from loaders.hashes import Hashes, first_repeated

ROW_GROUP_ROWS = 50_000  # at least; 8 MB of a wide table, and twice as many take 30 MB more and are no faster
MOST_PENDING = 256  # batches that wait for a row group to be full: of a row each, they take 20 kB each
CHECKED_ROWS = 50_000  # at once, when keys are compared again


@dataclass(frozen=True)
class Verified:
    """A finished file: where it will stand, and what its footer says."""

    path: Path
    rows: int
    first: object  # of the column that puts rows into years
    last: object


class YearFile:
    """Takes batches of one year and remembers how many rows came from which input, so that an input can be undone."""

    def __init__(self, target: Path, schema: pa.Schema, grain: Sequence[str], dated_by: str, unfinished: Path) -> None:
        self.target, self.schema = target, schema
        self._grain, self._dated_by = tuple(grain), dated_by
        self._path = unfinished / target.name
        # Prices hardly repeat: looking for those that do takes a fifth of the time and makes the file larger.
        repeating = [one.name for one in schema if not pa.types.is_floating(one.type)]
        # Readers see text as text, whether it was CODED on its way or not.
        self._writer = pq.ParquetWriter(self._path, schema, use_dictionary=repeating, store_schema=False)
        self._keys = Hashes(unfinished / f"{target.name}.keys")
        self._pending: list[pa.RecordBatch] = []
        self._pending_rows = 0
        self.rows = 0
        self.origins: list[tuple[int, int]] = []  # (input, rows), one after the other

    def write(self, batch: pa.RecordBatch, origin: int, keys: pa.Array) -> None:
        """Add rows of the input with that number; `keys` are the hashes of their grain."""
        if not batch.num_rows:
            return
        self._keys.add(keys)
        self._pending.append(batch)
        self._pending_rows += batch.num_rows
        self.rows += batch.num_rows
        if self.origins and self.origins[-1][0] == origin:
            self.origins[-1] = (origin, self.origins[-1][1] + batch.num_rows)
        else:
            self.origins.append((origin, batch.num_rows))
        if self._pending_rows >= ROW_GROUP_ROWS:
            self._flush()
        elif len(self._pending) >= MOST_PENDING:
            self._pending = self._joined().combine_chunks().to_batches()

    def _joined(self) -> pa.Table:
        return pa.Table.from_batches(self._pending).unify_dictionaries()

    def _flush(self) -> None:
        if self._pending:
            self._writer.write_table(self._joined(), row_group_size=self._pending_rows)
        self._pending, self._pending_rows = [], 0

    def close(self, about: object) -> None:
        """No more rows. `about` is kept in the footer, under `millrace`."""
        self._flush()
        self._writer.add_key_value_metadata({"millrace": json.dumps(about)})
        self._writer.close()

    def batches(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        """What was written, with the number of the input that it came from. Call after `close`."""
        origins = iter(self.origins)
        origin, left = next(origins, (0, 0))
        coded = [one.name for one in self.schema if pa.types.is_dictionary(one.type)]
        with pq.ParquetFile(self._path, pre_buffer=False, read_dictionary=coded) as file:
            for batch in file.iter_batches(CHECKED_ROWS, use_threads=False):
                start = 0
                while start < batch.num_rows:
                    piece = batch.slice(start, min(left, batch.num_rows - start))
                    yield origin, piece
                    start, left = start + piece.num_rows, left - piece.num_rows
                    if not left:
                        origin, left = next(origins, (0, 0))

    def verify(self) -> Verified:
        """Hold the file on disk against what was written: rows, span of time, and that no key comes twice.

        Raises `SourceChanged` naming the first key that does.
        """
        with pq.ParquetFile(self._path) as file:
            about = file.metadata
            place = file.schema_arrow.get_field_index(self._dated_by)
            groups = [about.row_group(number).column(place).statistics for number in range(about.num_row_groups)]
        if about.num_rows != self.rows:
            raise AssertionError(f"{self._path}: {self.rows} rows written, {about.num_rows} in the footer")
        self._check_keys()
        return Verified(self.target, self.rows, min(one.min for one in groups), max(one.max for one in groups))

    def _check_keys(self) -> None:
        """Equal hashes are looked up in the file: two keys may share one."""
        batches = (batch for _, batch in self.batches())
        if key := first_repeated(batches, self._grain, self._keys.repeated()):
            shown = ", ".join(f"{name} {value}" for name, value in key.items())
            raise SourceChanged(f"{self.target.name}: {shown} comes twice, in two files that overlap")

    def publish(self) -> None:
        """Put the file in its place, at once."""
        with self._path.open("rb") as file:
            os.fsync(file.fileno())
        self.target.parent.mkdir(parents=True, exist_ok=True)
        self._path.replace(self.target)

    def throw_away(self) -> None:
        self._path.unlink(missing_ok=True)
