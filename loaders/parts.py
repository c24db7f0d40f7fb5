"""Parquet files on disk between the publisher and the warehouse: as large as one bulk load can be, and no larger."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from loaders.budget import budget

LARGEST_BATCH_ROWS = 50_000  # a row group; memory while loading is a few of these
LARGEST_BATCH_VALUES = 600_000  # of a wide table a row group has fewer rows: 12 columns of 50,000

READ_ONCE = {"write_statistics": False, "use_dictionary": False}  # both cost a third of the writing and the reading

Part = tuple[Path, int]  # a file and its rows


def open_part(path: Path, schema: pa.Schema, **encoding: Any) -> pq.ParquetWriter:
    """A new part, encoded as said or as what is read once: without statistics and dictionaries."""
    return pq.ParquetWriter(path, schema, **(encoding or READ_ONCE))


def batch_rows(columns: int) -> int:
    """How many rows of a table of so many columns are held at once."""
    allowed = budget().of
    return min(allowed(LARGEST_BATCH_ROWS), max(1, allowed(LARGEST_BATCH_VALUES) // columns))


class Parts:
    """Writes batches into parquet files of at most `part_rows` rows each; `encoding` is what pyarrow's writer takes."""

    def __init__(self, home: Path, stem: str, schema: pa.Schema, part_rows: int, **encoding: Any) -> None:
        self.written: list[Part] = []
        self._home, self._stem, self._schema, self._part_rows = home, stem, schema, part_rows
        self._encoding = encoding
        self._writer: pq.ParquetWriter | None = None

    def write(self, batch: pa.RecordBatch) -> None:
        start = 0
        while start < batch.num_rows:
            if self._writer is None or self.written[-1][1] >= self._part_rows:
                self._next_file()
            rows = self.written[-1][1]
            piece = batch.slice(start, min(batch_rows(batch.num_columns), self._part_rows - rows))
            self._write(piece)
            start += piece.num_rows

    def write_nothing(self) -> None:
        """A file with the schema and no rows."""
        self._next_file()

    def _write(self, piece: pa.RecordBatch) -> None:
        assert self._writer is not None
        self._writer.write_batch(piece)
        path, rows = self.written[-1]
        self.written[-1] = (path, rows + piece.num_rows)

    def _next_file(self) -> None:
        self.close()
        path = self._home / f"{self._stem}-{len(self.written):04}.parquet"
        self._writer = open_part(path, self._schema, **self._encoding)
        self.written.append((path, 0))

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    @contextmanager
    def closing(self) -> Iterator[None]:
        try:
            yield
        finally:
            self.close()


def merge_parts(parts: Sequence[Part], part_rows: int) -> Iterator[Part]:
    """The same rows in as few files of at most `part_rows` rows as neighbours make: each costs a bulk load 25 ms.

    A file that has no small neighbour is passed on as it is.
    """
    group: list[Part] = []
    for part in parts:
        if group and sum(rows for _, rows in group) + part[1] > part_rows:
            yield _merged(group)
            group = []
        group.append(part)
    if group:
        yield _merged(group)


def _merged(group: Sequence[Part]) -> Part:
    first = group[0][0]
    if len(group) == 1:
        return group[0]
    path = first.with_name(f"merged-{first.name}")
    with open_part(path, pq.read_schema(first)) as writer:
        for part, _ in group:
            with pq.ParquetFile(part) as file:
                for batch in file.iter_batches(batch_rows(len(file.schema_arrow))):
                    writer.write_batch(batch)
    return path, sum(rows for _, rows in group)
