"""A body of Arrow messages as batches: what `TableReader` sends, and the loader's own reader of it."""

import base64
import json
import math
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any, BinaryIO

import pyarrow as pa

from loaders.catalogue import Dataset
from loaders.errors import SourceUnavailable
from loaders.parts import LARGEST_BATCH_ROWS

END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"  # tells a whole body from one that is cut between two messages


def read(file: BinaryIO, dataset: Dataset, name: str) -> Iterator[pa.RecordBatch]:
    """Batches of an Arrow stream. Values that no raw table has a type for become text: JSON, or base64 for bytes.

    Raises `SourceUnavailable` when the stream is cut or is none.
    """
    watched = _Watched(file)
    try:
        reader = pa.ipc.open_stream(watched)
        for batch in reader:
            for start in range(0, batch.num_rows, LARGEST_BATCH_ROWS):
                yield _plain(batch.slice(start, LARGEST_BATCH_ROWS))
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceUnavailable(f"{name}: the stream of Arrow messages is broken: {error}") from error
    if watched.is_exhausted:
        raise SourceUnavailable(f"{name}: the stream of Arrow messages is broken: it ends without its last bytes")


class _Watched:
    """The file, and whether its end was met. Arrow takes that for the end of a stream, and else reads to the mark."""

    closed = False

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.is_exhausted = False

    def read(self, size: int) -> bytes:
        found = self._file.read(size)
        self.is_exhausted = self.is_exhausted or len(found) < size
        return found


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    columns = [_plain_column(column) for column in batch.columns]
    return pa.RecordBatch.from_arrays(columns, batch.schema.names)


def _plain_column(column: pa.Array) -> pa.Array:
    if pa.types.is_nested(column.type):
        return pa.array((None if value is None else _json(value) for value in column.to_pylist()), pa.string())
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        return pa.array((None if value is None else _text(value) for value in column.to_pylist()), pa.string())
    return column


def _json(value: Any) -> str:
    try:
        return json.dumps(value, default=_text, allow_nan=False)
    except ValueError:  # JSON has no such numbers, and whoever reads it would stumble over the names
        return json.dumps(_finite(value), default=_text)


def _finite(value: Any) -> Any:
    """With NaN and the infinities as text, as BigQuery's own TO_JSON_STRING writes them."""
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, date | datetime | time) else str(value)
