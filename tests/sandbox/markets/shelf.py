"""What a market's server has: the files of the days before `today`, and how they are handed out."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from functools import lru_cache

from tests.sandbox.answer import Answer
from tests.sandbox.markets.world import File

FIRST_DAY = date(2016, 1, 1)


class Shelf:
    """The files of a market by dataset and day. `today` is the first day that is not published yet."""

    def __init__(self, market: str, writers: dict[str, Callable[[date], list[File]]], today: date) -> None:
        self.market, self.today = market, today
        self._writers = writers
        self._written = lru_cache(maxsize=64)(self._write)  # a month is asked for day by day, a day hour by hour

    def files(self, dataset: str, day: date) -> list[File]:
        """The files of a day; none of one that is not published."""
        return self._written(dataset, day) if FIRST_DAY <= day < self.today else []

    def _write(self, dataset: str, day: date) -> list[File]:
        return self._writers[dataset](day)

    def named(self, dataset: str, day: date, name: str) -> Answer:
        """One file as it is, or a 404."""
        found = [file.content for file in self.files(dataset, day) if file.name == name]
        return self.answer(found[0], dataset, day) if found else missing()

    def answer(self, content: bytes, dataset: str, day: date) -> Answer:
        """Bytes whose length is known, of a dataset and a day."""
        kind = "application/zip" if content[:2] == b"PK" else "text/csv"
        return Answer(content=content, content_type=kind, dataset=f"{self.market}.{dataset}", days=(day, day))

    def days_before(self, count: int) -> list[date]:
        """The last published days, oldest first."""
        return [self.today - timedelta(days=number) for number in range(count, 0, -1)]


def missing() -> Answer:
    """No such file."""
    return Answer(status=404, prefix="<html><body>Not Found</body></html>", content_type="text/html")


def packed(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A zip of files, the same bytes for the same files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
