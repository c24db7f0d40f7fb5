"""What the publisher counts of its own rows per settlement period, beside what is loaded.

The ledger proves that what was sent is there. Only the publisher can say what it should have sent.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from rich.console import Console

from loaders.catalogue import Dataset, DataStatus, Source
from loaders.destination import Session
from loaders.errors import SourceUnavailable
from loaders.ledger import read_entries, standings
from loaders.transport import Publisher
from loaders.windows import HALF_HOUR, Window

PERIOD_COLUMNS = ("settlement_period", "settlement_period_from")

MOST_LOST = 0.02  # where the publisher lacks more periods than this share, an empty one is normal: no action was taken

Period = tuple[date, int]  # settlement date and period


@dataclass(frozen=True)
class Count:
    """Rows of one settlement period: those that the publisher has and those that are loaded."""

    period: Period
    published: int
    loaded: int

    @property
    def kind(self) -> str:
        """What is wrong with the period; empty if nothing is."""
        if self.loaded < self.published:
            return "hole" if not self.loaded else "short"
        return "more" if self.loaded > self.published else "lost" if not self.published else ""


SAID = {
    "hole": "the publisher has {published} rows, none are loaded",
    "short": "the publisher has {published} rows, {loaded} are loaded",
    "more": "the publisher has {published} rows, {loaded} are loaded: it withdrew some, or counts otherwise",
    "lost": "the publisher itself has no rows",
}


def show_holes(
    console: Console, source: Source, datasets: Sequence[Dataset], session: Session, publisher: Publisher
) -> int:
    """Print every settlement period whose loaded rows are not the publisher's. Returns how many there are.

    Periods of which the publisher itself has nothing are not counted. Datasets that it does not count are left out.
    Raises `SourceUnavailable`, `SourceChanged`.
    """
    differences = 0
    status, zone = source.data_status, ZoneInfo(source.time_zone)
    entries = read_entries(session, source.name)
    for dataset in datasets:
        if status is None or dataset.data_status is None:
            continue
        known = standings(entries.get(dataset.name, [])).values()
        days = {standing.good.window_from for standing in known if standing.good and standing.good.window_from}
        counts = list(compare(dataset, status, zone, days, session, publisher))
        kinds = Counter(count.kind for count in counts)
        is_lost_shown = kinds["lost"] <= MOST_LOST * len(counts)
        for line in _lines(count for count in counts if count.kind and (count.kind != "lost" or is_lost_shown)):
            console.print(f"{dataset.label} {line}", style="red")
        console.print(
            f"{dataset.label}: {len(counts):,} settlement periods compared, {kinds['hole']:,} holes, "
            f"{kinds['short']:,} short, {kinds['more']:,} with more, {kinds['lost']:,} empty at the publisher"
        )
        differences += kinds["hole"] + kinds["short"] + kinds["more"]
    if differences:
        console.print("load those days again with --force; what stays short is the publisher's to explain")
    return differences


def _lines(counts: Iterable[Count]) -> Iterator[str]:
    """A line for each run of periods of a day with the same counts."""
    for (day, published, loaded), run in groupby(counts, key=lambda one: (one.period[0], one.published, one.loaded)):
        same = list(run)
        numbers = ", ".join(str(count.period[1]) for count in same)
        said = SAID[same[0].kind].format(published=f"{published:,}", loaded=f"{loaded:,}")
        yield f"{day} period{'s' if len(same) > 1 else ''} {numbers}: {said}"


def compare(
    dataset: Dataset,
    status: DataStatus,
    zone: ZoneInfo,
    days: Collection[date],
    session: Session,
    publisher: Publisher,
) -> Iterator[Count]:
    """The counts of every settlement period that lies in the loaded `days` (windows of the dataset), in order."""
    is_utc = dataset.request.window == "utc_day"
    loaded = _loaded(dataset, zone, session) if days else {}
    for first, last in _spans(_settlement_days(dataset, zone, days), status.days):
        for period, published in _published(dataset, status, first, last, publisher):
            # A day in UTC holds parts of two settlement days: only what was asked for can be compared.
            if (_start(period, zone).date() if is_utc else period[0]) in days:
                yield Count(period, published, loaded.get(period, 0))


def _settlement_days(dataset: Dataset, zone: ZoneInfo, days: Collection[date]) -> list[date]:
    """The settlement days that windows of these days touch."""
    touched = set()
    for day in days:
        window = Window(dataset.request.window, zone, day)
        assert window.start_at is not None and window.end_at is not None
        touched |= {at.astimezone(zone).date() for at in (window.start_at, window.end_at - HALF_HOUR)}
    return sorted(touched)


def _loaded(dataset: Dataset, zone: ZoneInfo, session: Session) -> dict[Period, int]:
    table = session.table(dataset.table)
    if period := next((name for name in PERIOD_COLUMNS if name in dataset.schema.names), None):
        rows = session.query(f"SELECT settlement_date, {period}, COUNT(*) FROM {table} GROUP BY 1, 2")
        return {(day, number): count for day, number, count in rows}
    assert dataset.window is not None
    half_hour = session.warehouse.half_hour(dataset.window)
    rows = session.query(f"SELECT {half_hour}, COUNT(*) FROM {table} GROUP BY 1")
    return {_period(datetime.fromtimestamp(number * 1800, zone), zone): count for number, count in rows}


def _published(
    dataset: Dataset, status: DataStatus, first: date, last: date, publisher: Publisher
) -> list[tuple[Period, int]]:
    known = {"code": dataset.data_status, "first": first.isoformat(), "last": last.isoformat()}
    params = {name: value.format_map(known) for name, value in status.params.items()}

    def attempt() -> list[tuple[Period, int]]:
        with publisher.get(status.route.format_map(known), params) as body:
            text = b"".join(body.read())  # a row per settlement period: small
        try:
            return [
                ((date.fromisoformat(row[status.date]), int(row[status.period])), int(row[status.count]))
                for row in json.loads(text)[status.envelope]
            ]
        except (ValueError, KeyError, TypeError) as error:
            raise SourceUnavailable(f"{body.url} answered no counts ({error!r}): {text[:200]!r}") from error

    return publisher.persistently(attempt)


def _spans(days: Sequence[date], longest: int) -> Iterator[tuple[date, date]]:
    """First and last of runs of days that span at most `longest`."""
    start = 0
    while start < len(days):
        end = start
        while end + 1 < len(days) and days[end + 1] - days[start] < timedelta(days=longest - 1):
            end += 1
        yield days[start], days[end]
        start = end + 1


def _start(period: Period, zone: ZoneInfo) -> datetime:
    midnight = Window("settlement_day", zone, period[0]).start_at
    assert midnight is not None
    return midnight + (period[1] - 1) * HALF_HOUR


def _period(instant: datetime, zone: ZoneInfo) -> Period:
    day = instant.astimezone(zone).date()
    return day, (instant - _start((day, 1), zone)) // HALF_HOUR + 1
