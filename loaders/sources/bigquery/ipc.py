"""A body of Arrow messages as batches: what `TableReader` sends, and the loader's own reader of it."""

import base64
import json
import math
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, BinaryIO

import pyarrow as pa

from loaders.catalogue import Dataset
from loaders.errors import SourceUnavailable
from loaders.parts import LARGEST_BATCH_ROWS
from loaders.sources.bigquery.decimals import written

END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"  # tells a whole body from one that is cut between two messages


def read(file: BinaryIO, dataset: Dataset, name: str) -> Iterator[pa.RecordBatch]:
    """Batches of an Arrow stream. Values that no raw table has a type for become text: JSON, base64 for bytes, or the
    digits of a decimal that is declared as text.

    Raises `SourceUnavailable` when the stream is cut or is none.
    """
    texts = {field.key for field in dataset.fields if field.type == "string"}
    watched = _Watched(file)
    try:
        reader = pa.ipc.open_stream(watched)
        for batch in reader:
            for start in range(0, batch.num_rows, LARGEST_BATCH_ROWS):
                yield _plain(batch.slice(start, LARGEST_BATCH_ROWS), texts)
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


def _plain(batch: pa.RecordBatch, texts: set[str]) -> pa.RecordBatch:
    columns = [_plain_column(batch.column(name), name in texts) for name in batch.schema.names]
    return pa.RecordBatch.from_arrays(columns, batch.schema.names)


def _plain_column(column: pa.Array, is_text: bool) -> pa.Array:
    if is_text and pa.types.is_decimal(column.type):  # Arrow would write all digits of the scale, or an exponent
        return pa.array((None if value is None else _text(value) for value in column.to_pylist()), pa.string())
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
    if isinstance(value, Decimal):
        return written(value)
    return value.isoformat() if isinstance(value, date | datetime | time) else str(value)
