"""Windows: the units of work that a span of time is cut into.

A window is loaded whole or not at all, and the same window twice is the same table.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from loaders.catalogue import Dataset, WindowKind
from loaders.errors import DeclarationError
from loaders.files import SourceFile

Bounds = tuple[int, int] | tuple[date, date] | tuple[datetime, datetime]

HALF_HOUR = timedelta(minutes=30)


@dataclass(frozen=True)
class Window:
    """One day (of a market, or of UTC) or one year of a dataset, the state of a register, or what a file holds.

    `first` is its first day and `until` the day after its last, in the window's own calendar; a snapshot has neither,
    and a file tells them when it is read. What is not asked of a publisher comes from `files`. `within` are columns
    and the value that each has in all of the window's rows.
    """

    kind: WindowKind
    zone: ZoneInfo
    first: date | None = None
    files: tuple[SourceFile, ...] = ()
    within: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> str:
        """The window's name in the ledger and in messages."""
        if self.kind == "file":
            return self.files[0].name
        if self.first is None:
            return "snapshot"
        time = str(self.first.year) if self.kind == "year" else self.first.isoformat()
        return " ".join([time, *(value for _, value in self.within)])

    @property
    def is_day(self) -> bool:
        return self.kind in ("settlement_day", "utc_day")

    @property
    def until(self) -> date | None:
        if self.first is None:
            return None
        return date(self.first.year + 1, 1, 1) if self.kind == "year" else self.first + timedelta(days=1)

    @cached_property
    def start_at(self) -> datetime | None:
        """The instant (UTC) at which the day begins: midnight of the market's zone, or of UTC."""
        return None if self.first is None else self._midnight(self.first)

    @cached_property
    def end_at(self) -> datetime | None:
        """The instant (UTC) at which the next day begins. 23 and 25 hours lie between on the days of clock changes."""
        return None if self.until is None else self._midnight(self.until)

    @property
    def bounds(self) -> Bounds | None:
        """First value of the dataset's window column inside the window, and first value after it."""
        if self.first is None or self.until is None or self.start_at is None or self.end_at is None:
            return None
        if self.kind == "year":
            return self.first.year, self.until.year
        return (self.first, self.until) if self.kind == "settlement_day" else (self.start_at, self.end_at)

    def _midnight(self, day: date) -> datetime:
        zone = UTC if self.kind == "utc_day" else self.zone
        return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)

    @property
    def values(self) -> dict[str, str]:
        """What the braces of a route or a parameter stand for."""
        if self.first is None or self.start_at is None or self.end_at is None:
            return {}
        return {
            "date": self.first.isoformat(),
            "year": str(self.first.year),
            "start": _instant(self.start_at),
            "last_second": _instant(self.end_at - timedelta(seconds=1)),
            "end": _instant(self.end_at),
        }


def _instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def plan_windows(dataset: Dataset, zone: ZoneInfo, first: date, until: date, now: datetime) -> Iterator[Window]:
    """The dataset's windows of the days from `first` up to but without `until` that are due by `now`, in order.

    A day has to be over, and as long as the dataset says. A year has to have begun: its publisher sends what there is
    of it so far.
    """
    for window in windows(dataset.request.window, zone, first, until):
        due = window.start_at if window.kind == "year" else window.end_at
        if due is None or due + timedelta(days=dataset.published_after) <= now:
            yield window


def year_span(year: int) -> tuple[date, date]:
    """A year as [first day, first day of the next). Raises `DeclarationError` for one that no calendar has."""
    if not date.min.year <= year < date.max.year:
        raise DeclarationError(f"{year} is no year; write 2024, for example")
    return date(year, 1, 1), date(year + 1, 1, 1)


def windows(kind: WindowKind, zone: ZoneInfo, first: date, until: date) -> Iterator[Window]:
    """The windows of a kind that the days from `first` up to but without `until` touch, in order."""
    if kind == "file":
        return  # nothing says which files there should be
    if kind == "snapshot":
        yield Window(kind, zone)
    elif kind == "year":
        for year in range(first.year, (until - timedelta(days=1)).year + 1):
            yield Window(kind, zone, date(year, 1, 1))
    else:
        for number in range((until - first).days):
            yield Window(kind, zone, first + timedelta(days=number))
