"""One record, two faces: the dict that a test compares with and the JSON text that is served. Both come from here."""

from __future__ import annotations

import json
from typing import Protocol

# A tuple of the values in key order (the big sets), or the document itself (sets with nested or optional keys).
Record = tuple[object, ...] | dict[str, object]


class Layout(Protocol):
    """How a dataset's records are written."""

    def text(self, record: Record) -> str:
        """Write one record as JSON."""
        ...

    def document(self, record: Record) -> dict[str, object]:
        """Show one record as the dict that its JSON text decodes to."""
        ...


class Columns:
    """Flat records as tuples. Formatting one costs a microsecond, a fifth of json.dumps.

    `columns` is "key:kind key:kind ...", kind being s (text without quotes or escapes), d (integer) or f (decimal).
    A tuple shorter than the columns lacks the last keys: the API leaves an unmapped `bmUnit` out.
    """

    def __init__(self, code: str, columns: str) -> None:
        pairs = [column.split(":") for column in columns.split()]
        self.code = code
        self.keys = [key for key, _ in pairs]
        shapes = {"s": '"%s"', "d": "%d", "f": "%r"}
        parts = [f'"dataset":"{code}"', *(f'"{key}":{shapes[kind]}' for key, kind in pairs)]
        self._templates = ["{" + ",".join(parts[: length + 1]) + "}" for length in range(len(pairs) + 1)]

    def text(self, record: Record) -> str:
        """Write one record as JSON."""
        return self._templates[len(record)] % record

    def document(self, record: Record) -> dict[str, object]:
        """Show one record as a dict, `dataset` first."""
        return {"dataset": self.code, **dict(zip(self.keys, record, strict=False))}


class Documents:
    """Records that are dicts already: nested values, flags, keys that come and go."""

    def text(self, record: Record) -> str:
        """Write one record as JSON."""
        return json.dumps(record, separators=(",", ":"), ensure_ascii=False)

    def document(self, record: Record) -> dict[str, object]:
        """Give the record itself."""
        assert isinstance(record, dict)
        return record


class Values:
    """Bare values of an array, held as dicts with the key `value`."""

    def text(self, record: Record) -> str:
        """Write one value as JSON."""
        return json.dumps(self.document(record)["value"], ensure_ascii=False)

    def document(self, record: Record) -> dict[str, object]:
        """Give the dict that stands for the value."""
        assert isinstance(record, dict)
        return record
