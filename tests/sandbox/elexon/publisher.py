"""The Insights API: a path and its parameters to an answer whose records are made while they are sent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from itertools import chain
from pathlib import Path

from tests.sandbox.answer import NO_HEADERS, Answer, Headers, Parameters, json_answer
from tests.sandbox.elexon.clock import period_at, period_count, period_start, stamp
from tests.sandbox.elexon.datasets import COUNTED, DATASETS, EVERY_DATASET, REGISTERS, Dataset, Generate
from tests.sandbox.elexon.layout import Documents, Layout, Record
from tests.sandbox.elexon.replay import Recording
from tests.sandbox.elexon.windows import (
    Instants,
    Missing,
    Periods,
    Refused,
    Snapshot,
    Window,
    read_date,
    settlement_dates,
    whole_day,
    whole_utc_day,
)
from tests.sandbox.elexon.world import World, days_between

DATASET_ROUTE = re.compile(r"/datasets/([A-Za-z0-9_-]+)(/stream)?")
DATE_ROUTES = {
    "DISEBSP": re.compile(r"/balancing/settlement/system-prices/(?P<day>[^/]+)"),
    "BOAV": re.compile(r"/balancing/settlement/acceptance/volumes/all/(?P<side>bid|offer)/(?P<day>[^/]+)"),
    "EBOCF": re.compile(r"/balancing/settlement/indicative/cashflows/all/(?P<side>bid|offer)/(?P<day>[^/]+)"),
}
REGISTER_ROUTES = {
    "/reference/bmunits/all": "BM_UNITS",
    "/reference/fueltypes/all": "FUEL_TYPES",
    "/reference/interconnectors/all": "INTERCONNECTORS",
}
STATUS_ROUTE = re.compile(r"/data-status/([A-Za-z0-9_-]+)")
LONGEST_STATUS = 31  # days

Document = dict[str, object]
# Changes what is served for one day; bytes stand where a record would and are sent as they are.
Mutation = Callable[[Iterator[Document]], Iterator[Document | bytes]]


class Elexon:
    """One publisher with its world, its recordings (dataset code -> file) and its mutations."""

    base_path = "/bmrs/api/v1"

    def __init__(self, world: World, replay: dict[str, Path] | None = None) -> None:
        """Hold a world; `uncounted` are the (code, day, period) that the publisher itself has lost."""
        self.world = world
        self.recordings = {dataset_code(code): Recording(path) for code, path in (replay or {}).items()}
        self.mutations: dict[tuple[str, date | None], Mutation] = {}
        self.uncounted: set[tuple[str, date, int]] = set()

    def answer(
        self, path: str, parameters: Parameters, headers: Headers = NO_HEADERS, *, ignore_parameters: bool = False
    ) -> Answer:
        """Answer a GET; the faults of the API itself (404, 400) are answers too."""
        try:
            return self._route(path, parameters, ignore_parameters)
        except Missing:
            return not_found()  # a required parameter is part of the route's identity: without it there is no route
        except Refused as refusal:
            return json_answer(400, refusal.body)

    def rows(self, code: str, day: date, side: str | None = None) -> Iterator[Document]:
        """Yield the records of one window of a dataset, as its stream serves them (without faults and mutations).

        The window is the settlement day, the UTC day for publications and measurements, everything for a register.
        side: bid or offer, for the sets that have a route for each.
        """
        name = dataset_code(code)
        dataset = EVERY_DATASET[name]
        window: Window = whole_utc_day(dataset.instant, day) if dataset.instant else whole_day(day)
        layout = self._layout(name)
        for _, records in self._parts(name, Snapshot() if name in REGISTERS else window, side):
            yield from map(layout.document, records)

    def _route(self, path: str, parameters: Parameters, ignore_parameters: bool) -> Answer:
        if path == "/datasets/metadata/latest":
            return json_answer(200, {"data": self._last_updates()})
        if path in REGISTER_ROUTES:
            return self._serve(REGISTER_ROUTES[path], Snapshot(), None, {}, "[", "]")
        if match := STATUS_ROUTE.fullmatch(path):
            return self._status(match[1].upper(), parameters)
        for code, route in DATE_ROUTES.items():
            if match := route.fullmatch(path):
                window = whole_day(read_date("settlementDate", match["day"]))
                latest = self._latest(code) if ignore_parameters else None
                opening, closing = f'{{"metadata":{{"datasets":["{code}"]}},"data":[', "]}"
                side = match.groupdict().get("side")
                return self._serve(code, window, latest, {}, opening, closing, side)
        match = DATASET_ROUTE.fullmatch(path)
        code = match[1].upper() if match else ""
        if match is None or code not in DATASETS:
            return not_found()
        dataset = DATASETS[code]
        streamed = match[2] is not None
        if streamed and not dataset.has_stream:
            return not_found()
        window = self._window(dataset, parameters, streamed)
        latest = self._latest(code) if ignore_parameters or window is None else None
        opening, closing = ("[", "]") if streamed else ('{"data":[', "]}")
        return self._serve(code, window, latest, parameters, opening, closing)

    def _window(self, dataset: Dataset, parameters: Parameters, streamed: bool) -> Window | None:
        if streamed:
            return dataset.style(parameters)
        window = (dataset.plain or dataset.style)(parameters)
        if window is not None and dataset.cap is not None:
            dataset.cap.check(window, parameters)
        return window

    def _status(self, code: str, parameters: Parameters) -> Answer:
        """Count the records of a set by settlement period, as the publisher has them: faults do not reach this."""
        if code not in COUNTED:
            return not_found()
        window = settlement_dates(parameters)
        if not isinstance(window, Periods):
            raise Missing("settlementDateFrom")
        days = days_between(*window.days)
        if len(days) > LONGEST_STATUS:
            raise Refused("", f"The date range between From and To inclusive must not exceed {LONGEST_STATUS} days")
        return json_answer(200, {"data": [row for day in days for row in self._counted(code, day)]})

    def _counted(self, code: str, day: date) -> Iterator[dict[str, object]]:
        counts = dict.fromkeys(range(1, period_count(day) + 1), 0)
        dataset, layout = EVERY_DATASET[code], self._layout(code)
        if dataset.instant:
            first, last = period_start(day, 1), period_start(day, period_count(day) + 1) - 1
            window: Window = Instants(dataset.instant, first, last)
        else:
            window = whole_day(day)
        for _, records in self._parts(code, window):
            for record in map(layout.document, records):
                if dataset.instant:
                    at = period_at(int(datetime.fromisoformat(str(record[dataset.instant])).timestamp()))
                else:
                    period = record.get("settlementPeriod", record.get("settlementPeriodFrom"))
                    at = date.fromisoformat(str(record["settlementDate"])), int(str(period))
                if at[0] == day and (code, *at) not in self.uncounted:
                    counts[at[1]] += 1
        for period, count in counts.items():
            yield {"settlementDate": day.isoformat(), "settlementPeriod": period, "dataPointCount": count}

    def _serve(
        self,
        code: str,
        asked: Window | None,
        latest: Window | None,
        parameters: Parameters,
        opening: str,
        closing: str,
        side: str | None = None,
    ) -> Answer:
        """Answer with the latest publication if there is one to answer with, otherwise with what was asked."""
        window = latest or asked
        assert window is not None
        about = asked or window
        days = about.days if isinstance(about, (Periods, Instants)) else None
        return Answer(
            prefix=opening, records=self._texts(code, window, parameters, side), suffix=closing, dataset=code, days=days
        )

    def _texts(self, code: str, window: Window, parameters: Parameters, side: str | None) -> Iterator[str]:
        layout = self._layout(code)
        filters = {
            keys: set(chain.from_iterable(value.split(",") for value in parameters[name]))
            for name, keys in EVERY_DATASET[code].filters.items()
            if name in parameters
        }
        for day, records in self._parts(code, window, side):
            if filters:
                records = _filtered(records, layout, filters)
            mutation = self.mutations.get((code, day)) or self.mutations.get((code, None))
            if mutation is None:
                yield from map(layout.text, records)
                continue
            for record in mutation(map(layout.document, records)):
                if isinstance(record, bytes):
                    yield record.decode("utf-8", "surrogateescape")
                else:
                    yield json.dumps(record, separators=(",", ":"), ensure_ascii=False)

    def _parts(self, code: str, window: Window, side: str | None = None) -> Iterator[tuple[date, Iterator[Record]]]:
        """Yield a window day by day: each with its records, made when they are read. No side: those of both."""
        dataset = EVERY_DATASET[code]
        world = self.world
        generators = [make for name, make in dataset.sides.items() if side in (None, name)] or [dataset.generate]
        if code in self.recordings:
            day = world.today if isinstance(window, Snapshot) else window.days[0]
            yield day, self.recordings[code].records(window)
        elif isinstance(window, Snapshot):
            yield world.today, _made(generators, world, world.today, range(0))
        elif isinstance(window, Periods):
            first, last = window.days
            for day in days_between(first, last):
                wanted = window.of(day)
                if world.published(day) and world.published(day + timedelta(days=dataset.delay)) and wanted:
                    records = _made(generators, world, day, wanted)
                    if dataset.carried and day == first:
                        records = chain(dataset.carried(world, day, wanted), records)
                    yield day, records
        elif dataset.instant:
            for day in days_between(*window.days):
                if world.published(day):
                    yield day, dataset.generate(world, day, range(window.first, window.last + 1))
        else:
            yield from self._settled_by_publication(dataset, window)

    def _settled_by_publication(self, dataset: Dataset, window: Instants) -> Iterator[tuple[date, Iterator[Record]]]:
        """Yield a settlement set by publish time: period 48 of a day is published when the next day begins."""
        first, last = stamp(window.first), stamp(window.last)
        for day in days_between(period_at(window.first)[0] - timedelta(days=1), period_at(window.last)[0]):
            if self.world.published(day):
                records = dataset.generate(self.world, day, whole_day(day).of(day))
                yield day, _between(records, dataset.layout, window.field, first, last)

    def _layout(self, code: str) -> Layout:
        return Documents() if code in self.recordings else EVERY_DATASET[code].layout

    def _latest(self, code: str) -> Window:
        dataset = EVERY_DATASET[code]
        if code in self.recordings:
            return self.recordings[code].latest(dataset.instant)
        return dataset.latest(self.world)

    def _last_updates(self) -> list[dict[str, str]]:
        updates = []
        for code, dataset in DATASETS.items():
            window = dataset.latest(self.world)
            if isinstance(window, Instants):
                updates.append({"dataset": code, "lastUpdated": stamp(window.last)})
            elif isinstance(window, Periods):
                updates.append({"dataset": code, "lastUpdated": f"{window.days[1]}T23:30:00Z"})
        return updates


def dataset_code(name: str) -> str:
    """Give the code that a dataset goes by here; refuse one that is not served."""
    code = {"BMUNITS": "BM_UNITS"}.get(name.upper(), name.upper())
    if code not in EVERY_DATASET:
        raise ValueError(f"the sandbox serves no Elexon dataset {name!r}; it has {', '.join(EVERY_DATASET)}")
    return code


def not_found() -> Answer:
    """Answer as the API's gateway does."""
    return json_answer(404, {"statusCode": 404, "message": "Resource not found"})


def _made(generators: list[Generate], world: World, day: date, wanted: range) -> Iterator[Record]:
    return chain.from_iterable(generate(world, day, wanted) for generate in generators)


def _filtered(records: Iterator[Record], layout: Layout, filters: dict[tuple[str, ...], set[str]]) -> Iterator[Record]:
    for record in records:
        document = layout.document(record)
        if all(any(str(document.get(key)) in values for key in keys) for keys, values in filters.items()):
            yield record


def _between(records: Iterator[Record], layout: Layout, key: str, first: str, last: str) -> Iterator[Record]:
    for record in records:
        if first <= str(layout.document(record)[key]) <= last:
            yield record
