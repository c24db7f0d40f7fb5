"""files.data.gouv.fr: one gzip file a year, compressed while it is sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from tests.sandbox.answer import NO_HEADERS, Answer, Headers, Parameters
from tests.sandbox.dvf.layout import HEADER, Document, documents, line
from tests.sandbox.dvf.releases import last_modified
from tests.sandbox.dvf.replay import Recording
from tests.sandbox.dvf.sales import Edition

CODE = "DVF"  # what faults and mutations call it
ROUTE = re.compile(r"/(\d{4})/full\.csv\.gz")
FIRST_YEAR = 2014  # sales are open data from here on
NO_SUCH_KEY = '<?xml version="1.0" encoding="UTF-8"?><Error><Code>NoSuchKey</Code></Error>'

# Changes what is served for one year; bytes stand where a line would and are sent as they are.
Mutation = Callable[[Iterator[Document]], Iterator[Document | bytes]]


class Dvf:
    """One publisher with its release, its recordings (year -> file) and its mutations (year, None: every year)."""

    base_path = "/geo-dvf/latest/csv"

    def __init__(
        self, scale: float = 1.0, seed: int = 1, today: date | None = None, replay: dict[int, Path] | None = None
    ) -> None:
        self.scale = scale
        self.seed = seed
        self.release = 1
        self.recordings = {year: Recording(path) for year, path in (replay or {}).items()}
        self.mutations: dict[int | None, Mutation] = {}
        self._last_year = (today or datetime.now(UTC).date()).year - 1

    def answer(
        self, path: str, parameters: Parameters, headers: Headers = NO_HEADERS, *, ignore_parameters: bool = False
    ) -> Answer:
        """Answer a GET of a year's file. There are no parameters to ignore."""
        match = ROUTE.fullmatch(path)
        if match is None or not self.published(int(match[1])):
            return Answer(status=404, prefix=NO_SUCH_KEY, content_type="application/xml")
        year = int(match[1])
        answer = Answer(
            prefix=HEADER,
            records=self.lines(year),
            separator="",
            gzip_file=True,
            content_type="application/gzip",
            headers={"Last-Modified": last_modified(year, self.release)},
            dataset=CODE,
            days=(date(year, 1, 1), date(year, 12, 31)),
        )
        mutation = self.mutations.get(year) or self.mutations.get(None)
        if mutation is not None:
            answer.records = _mutated(mutation, answer.records)
        elif year in self.recordings:
            answer.recorded = self.recordings[year].path
        return answer

    def published(self, year: int) -> bool:
        """Say whether there is a file of a year: from 2014 to the last one that is over, and every recorded one."""
        return year in self.recordings or FIRST_YEAR <= year <= self._last_year

    def lines(self, year: int) -> Iterator[str]:
        """Yield the lines of a year's file in the current release, after the header; none where there is no file."""
        if year in self.recordings:
            return self.recordings[year].lines()
        if not self.published(year):
            return iter(())
        return Edition(self.seed, self.scale, year, self.release).lines()

    def rows(self, year: int) -> Iterator[Document]:
        """Yield the same as records: column -> text, None where the file has nothing."""
        return documents(self.lines(year))


def _mutated(mutation: Mutation, lines: Iterator[str]) -> Iterator[str]:
    for record in mutation(documents(lines)):
        yield record.decode("utf-8", "surrogateescape") if isinstance(record, bytes) else line(record)
