"""What a publisher answers: a status and a body that is written while it is read. No body is ever held whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Protocol

RECORDS_PER_PIECE = 300  # of about 215 bytes: pieces of 64 KiB, the size that a socket takes at once

Parameters = dict[str, list[str]]


@dataclass
class Answer:
    """One response. The body is `prefix`, the records joined by commas, `suffix`; all text, sent as UTF-8.

    dataset and days (first, last) say what it is about, so that a fault can find it.
    """

    status: int = 200
    prefix: str = ""
    records: Iterator[str] = field(default_factory=lambda: iter(()))
    suffix: str = ""
    content_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    dataset: str | None = None
    days: tuple[date, date] | None = None

    def pieces(self) -> Iterator[bytes]:
        """Yield the body in pieces of about 64 KiB."""
        opening = self.prefix
        while batch := list(islice(self.records, RECORDS_PER_PIECE)):
            # Injected bytes that are no UTF-8 travel as surrogates and leave as they came.
            yield (opening + ",".join(batch)).encode("utf-8", "surrogateescape")
            opening = ","
        tail = self.suffix if opening == "," else opening + self.suffix
        if tail:
            yield tail.encode()


def json_answer(status: int, body: object) -> Answer:
    """Answer with one small JSON document."""
    return Answer(status=status, prefix=json.dumps(body, separators=(",", ":")))


class Publisher(Protocol):
    """A source: everything below one first path segment."""

    base_path: str

    def answer(self, path: str, parameters: Parameters, *, ignore_parameters: bool = False) -> Answer:
        """Answer a GET. `path` is relative to base_path; `ignore_parameters`: with the latest publication."""
        ...
