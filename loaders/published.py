"""Which files a publisher keeps of a span of days and the request for each, as a dataset's `download` declares them."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from loaders.catalogue import Dataset, Download, Listing, Source
from loaders.errors import SourceChanged, SourceUnavailable
from loaders.transport import Publisher

DAY = timedelta(days=1)
LARGEST_LISTING_BYTES = 32 << 20  # a month of a report that comes every five minutes is 3 MB

Every = Literal["hour", "day", "month", "now"]
Step = tuple[datetime, datetime]  # beginning and end, by the market's clock


@dataclass(frozen=True)
class Published:
    """One file: the name under which it is kept, what it is of (an hour, a day, a month), and how to ask for it."""

    dataset: Dataset
    name: str
    of: str
    route: str
    params: dict[str, str] = field(default_factory=dict)


def published(source: Source, dataset: Dataset, first: date, until: date, now: datetime) -> Iterator[Published]:
    """The files of the days from `first` up to but without `until`, as far as these are over by `now`, in order.

    Of a month that is over the archive, where the publisher makes one.
    """
    zone = ZoneInfo(source.time_zone)
    download = dataset.download
    assert download is not None and source.download is not None  # only those that have one are asked for
    for step, is_archive in _due(download, first, until, zone, now):
        for values in download.each:
            known = {"day": step[0], "start": step[0].astimezone(UTC), "end": step[1].astimezone(UTC), **values}
            name = (download.archive if is_archive else download.file).format_map(known)
            known["file"] = name
            params = {key: text.format_map(known) for key, text in (source.download.params | download.params).items()}
            yield Published(dataset, name, _said(step), download.route.format_map(known), params)


def listed(
    source: Source, dataset: Dataset, first: date, until: date, now: datetime, publisher: Publisher
) -> tuple[list[Published], list[date]]:
    """The files that the publisher lists now, published from the day before the span to the day after it, and the days
    of the span that are over and for which nothing is listed any more.

    A report is published the day before what it is of (day-ahead prices), on that day, or the day after: what turns out
    to have no row of the span is left when it is loaded. Raises `SourceUnavailable` and `SourceChanged`.
    """
    assert dataset.download is not None and source.download is not None and source.download.listing is not None
    listing, asked = source.download.listing, dataset.download.listed
    found: dict[str, tuple[date, Published]] = {}
    for record in publisher.persistently(lambda: _records(publisher, listing, asked)):
        name, identifier = str(_at(record, listing.name)), str(_at(record, listing.id))
        if re.search(listing.kept, name):
            day = _published_on(name, listing)
            params = {key: text.format(id=identifier) for key, text in listing.params.items()}
            found[name] = (day, Published(dataset, name, day.isoformat(), listing.file_route, params))
    days = {day for day, _ in found.values()}
    zone = ZoneInfo(source.time_zone)
    over = [step[0].date() for step in _steps("day", first, until, zone, now)]
    gone = [day for day in over if not days & {day - DAY, day, day + DAY}]
    near = (one for day, one in found.values() if first - DAY <= day <= until)
    return sorted(near, key=lambda one: (one.of, one.name)), gone


def _due(download: Download, first: date, until: date, zone: ZoneInfo, now: datetime) -> Iterator[tuple[Step, bool]]:
    """Steps that are over by `now`, and whether each is a month's archive."""
    if not download.archive:
        yield from ((step, False) for step in _steps(download.every, first, until, zone, now))
        return
    while first < until:
        after = _next_month(first)
        if archive := list(_steps("month", first, first + DAY, zone, now)):
            yield archive[0], True
        else:
            yield from ((step, False) for step in _steps(download.every, first, min(after, until), zone, now))
        first = after


def _steps(every: Every, first: date, until: date, zone: ZoneInfo, now: datetime) -> Iterator[Step]:
    """The hours, days or months that the span touches and that are over by `now`; of `now` the day that it is."""
    if every == "now":
        today = _midnight(now.astimezone(zone).date(), zone)
        yield today, today + DAY
    elif every == "hour":  # counted in UTC: the repeated one is an hour too
        at, end = _midnight(first, zone).astimezone(UTC), _midnight(until, zone).astimezone(UTC)
        for number in range((end - at) // timedelta(hours=1)):
            start, stop = (at + timedelta(hours=number + more) for more in (0, 1))
            if stop <= now:
                yield start.astimezone(zone), stop.astimezone(zone)
    else:
        day = first.replace(day=1) if every == "month" else first
        while day < until:
            after = _next_month(day) if every == "month" else day + DAY
            if _midnight(after, zone) <= now:
                yield _midnight(day, zone), _midnight(after, zone)
            day = after


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone)


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _said(step: Step) -> str:
    start, end = step
    if end.astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=1):
        return f"{start:%Y-%m-%d %H:%M}"
    return f"{start:%Y-%m}" if end.date() - start.date() > DAY else f"{start:%Y-%m-%d}"


def _records(publisher: Publisher, listing: Listing, asked: dict[str, str]) -> Iterable[Any]:
    """Raises `SourceUnavailable` for what is no JSON, and `SourceChanged` for another form of it."""
    text = b""
    with publisher.get(listing.route, asked) as body:
        for chunk in body.read():
            text += chunk
            if len(text) > LARGEST_LISTING_BYTES:
                raise SourceChanged(f"the list at {body.url} is longer than {LARGEST_LISTING_BYTES:,} bytes")
    try:
        answer = json.loads(text)
    except ValueError as error:
        raise SourceUnavailable(f"{body.url} answered with no list: {text[:200]!r}") from error
    records = _at(answer, listing.records)
    return records if isinstance(records, list) else [records]  # a single one stands alone


def _at(value: Any, path: str) -> Any:
    """What stands at a path of keys. Raises `SourceChanged` if nothing does."""
    for key in path.split("."):
        if not isinstance(value, dict) or key not in value:
            raise SourceChanged(f"the list of files has no {path}: {str(value)[:200]}; correct `listing` in source.yml")
        value = value[key]
    return value


def _published_on(name: str, listing: Listing) -> date:
    """The day in a listed name. Raises `SourceChanged`."""
    said = re.search(listing.day, name)
    try:
        return date.fromisoformat(said[1]) if said else date.fromisoformat("")
    except ValueError as error:
        raise SourceChanged(f"no day in the name {name!r} of a listed file; correct `listing.day`") from error
