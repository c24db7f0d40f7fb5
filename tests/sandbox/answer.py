"""What a publisher answers: a status and a body that is written while it is read. No body is ever held whole."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

RECORDS_PER_PIECE = 300  # of about 215 bytes: pieces of 64 KiB, the size that a socket takes at once
FILE_PIECE = 1 << 16

Parameters = dict[str, list[str]]
Headers = Mapping[str, str]  # of the request
NO_HEADERS: Headers = MappingProxyType({})


@dataclass
class Answer:
    """One response. The body is `prefix`, the records joined by `separator`, `suffix`; all text, sent as UTF-8.

    gzip_file: that text is a file, and the body is the file compressed. recorded: the body is this file, byte for byte,
    and its length is known; content is the same in memory. dataset and days (first, last) say what it is about, so that
    a fault can find it.
    """

    status: int = 200
    prefix: str = ""
    records: Iterator[str] = field(default_factory=lambda: iter(()))
    suffix: str = ""
    separator: str = ","
    gzip_file: bool = False
    recorded: Path | None = None
    content: bytes | None = None
    content_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    dataset: str | None = None
    days: tuple[date, date] | None = None

    def pieces(self) -> Iterator[bytes]:
        """Yield the body in pieces of about 64 KiB."""
        if self.content is not None:
            whole = self.content
            return (whole[start : start + FILE_PIECE] for start in range(0, len(whole), FILE_PIECE))
        if self.recorded is not None:
            return _read(self.recorded)
        return gzipped(self._written()) if self.gzip_file else self._written()

    @property
    def length(self) -> int | None:
        """Bytes of the body, where they are known before it is sent."""
        if self.content is not None:
            return len(self.content)
        return None if self.recorded is None else self.recorded.stat().st_size

    def _written(self) -> Iterator[bytes]:
        opening = self.prefix
        first = True
        while batch := list(islice(self.records, RECORDS_PER_PIECE)):
            # Injected bytes that are no UTF-8 travel as surrogates and leave as they came.
            yield (opening + self.separator.join(batch)).encode("utf-8", "surrogateescape")
            opening, first = self.separator, False
        tail = self.prefix + self.suffix if first else self.suffix
        if tail:
            yield tail.encode()


def gzipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Compress a body while it is sent. No time and no name in its header: the same text is the same bytes."""
    packer = zlib.compressobj(level=1, wbits=31)  # 31: a gzip header and trailer
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(FILE_PIECE):
            yield piece


def json_answer(status: int, body: object) -> Answer:
    """Answer with one small JSON document."""
    return Answer(status=status, prefix=json.dumps(body, separators=(",", ":")))


class Publisher(Protocol):
    """A source: everything below one first path segment."""

    base_path: str

    def answer(
        self, path: str, parameters: Parameters, headers: Headers = NO_HEADERS, *, ignore_parameters: bool = False
    ) -> Answer:
        """Answer a GET. `path` is relative to base_path; `ignore_parameters`: with the latest publication."""
        ...
