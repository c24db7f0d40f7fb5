"""A web service's answer: one JSON document with an array of records somewhere inside."""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa

from loaders.errors import SourceChanged
from loaders.markets.layout import Layout, plain

# An answer is one day of one report: the largest, hourly prices of all nodes, has 8 MB. It is decoded whole.
LARGEST_ANSWER_BYTES = 64 << 20
BLOCK_ROWS = 10_000


class Answer:
    """The records as batches of text; what is nested in a record is named with dots (`Location.@LocId`)."""

    def __init__(self, file: BinaryIO, layout: Layout, name: str) -> None:
        self.names: tuple[str, ...] = ()
        body = file.read(LARGEST_ANSWER_BYTES + 1)
        if len(body) > LARGEST_ANSWER_BYTES:
            raise SourceChanged(f"{name}: an answer of more than {LARGEST_ANSWER_BYTES:,} bytes; save a day to a file")
        try:
            found = json.loads(body, parse_float=str, parse_int=str)
        except (ValueError, RecursionError) as error:
            line = getattr(error, "lineno", 1)
            raise SourceChanged(f"{name}, line {line}: not JSON, or cut: {error}") from error
        for key in layout.records.split("."):
            if not isinstance(found, dict) or key not in found:
                raise SourceChanged(f"{name}: no {layout.records} in the answer")
            found = found[key]
        self._records = found if isinstance(found, list) else [found]  # one record is not put into an array
        if bad := [one for one in self._records if not isinstance(one, dict)]:
            raise SourceChanged(f"{name}: {layout.records} holds {str(bad[0])[:200]!r}, which is no record")

    def batches(self) -> Iterator[pa.RecordBatch]:
        for start in range(0, len(self._records), BLOCK_ROWS):
            rows = [dict(_flat(record)) for record in self._records[start : start + BLOCK_ROWS]]
            keys = dict.fromkeys(key for row in rows for key in row)
            self.names = tuple(keys)
            yield pa.RecordBatch.from_arrays(
                [pa.array([row.get(key) for row in rows], pa.string()) for key in keys],
                names=[plain(key) for key in keys],
            )

    def line(self, row: int) -> int:
        """Records of an answer stand on one line."""
        return 1


def _flat(record: Any, prefix: str = "") -> Iterator[tuple[str, str | None]]:
    for key, value in record.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value if value is None or isinstance(value, str) else json.dumps(value)
