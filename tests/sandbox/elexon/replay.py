"""Recorded files in place of generated records, through the same routes and the same windows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

from tests.sandbox.elexon.clock import stamp
from tests.sandbox.elexon.windows import Instants, Periods, Window, whole_day

Document = dict[str, object]


class Recording:
    """One file of records with the API's keys, passed on as they are: null stays null, absent stays absent.

    JSON (a list or {"data": [...]}) and JSON lines are read once; parquet is read batch by batch at each request.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise FileNotFoundError(f"no file to replay at {path}")
        self.path = path
        self._documents = [] if path.suffix == ".parquet" else _read_json(path)

    def records(self, window: Window) -> Iterator[Document]:
        """Yield the records of a window in the order of the file."""
        if isinstance(window, Periods):
            first, last = (day.isoformat() for day in window.days)
            for document in self._candidates("settlementDate", _day_before(first), last):
                if _touches(document, window):
                    yield document
        elif isinstance(window, Instants):
            first, last = stamp(window.first), stamp(window.last)
            for document in self._candidates(window.field, first, last):
                if first <= str(document.get(window.field)) <= last:
                    yield document
        else:
            yield from self._candidates("", "", "")

    def latest(self, instant: str | None) -> Window:
        """Give the window of the last recorded publication: the last day by settlement or the last instant."""
        key = instant or "settlementDate"
        newest = max(str(document.get(key)) for document in self._candidates("", "", ""))
        if instant is None:
            return whole_day(date.fromisoformat(newest))
        at = _epoch(newest)
        return Instants(instant, at, at)

    def _candidates(self, key: str, low: str, high: str) -> Iterator[Document]:
        """Yield records; parquet is filtered to low..high of a text key as it is read."""
        if self.path.suffix != ".parquet":
            yield from self._documents
            return
        # Imported here: pyarrow takes longer to load than the rest takes to start.
        import pyarrow.compute as pc
        import pyarrow.dataset as ds

        # Dates and UTC stamps of one shape sort as text.
        wanted = (pc.field(key) >= low) & (pc.field(key) <= high) if key else None
        for batch in ds.dataset(self.path, format="parquet").to_batches(filter=wanted, batch_size=10_000):
            yield from batch.to_pylist()


def _read_json(path: Path) -> list[Document]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    body = json.loads(text)
    documents: list[Document] = body["data"] if isinstance(body, dict) else body
    return documents


def _touches(document: Document, window: Periods) -> bool:
    """Say whether a record's period, or its span of periods, reaches into the window."""
    day = date.fromisoformat(str(document["settlementDate"]))
    if "settlementPeriodFrom" not in document:
        return window.first <= (day, _number(document["settlementPeriod"])) <= window.last
    begins, ends = _number(document["settlementPeriodFrom"]), _number(document["settlementPeriodTo"])
    # A span whose last period is lower than its first ends on the next day.
    end_day = day if ends >= begins else day + timedelta(days=1)
    return (day, begins) <= window.last and (end_day, ends) >= window.first


def _number(value: object) -> int:
    assert isinstance(value, int)
    return value


def _day_before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()


def _epoch(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())
