"""Query parameters to windows. A window is closed at both ends, as the API's are."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from tests.sandbox.answer import Parameters
from tests.sandbox.elexon.clock import DAY, HALF_HOUR, period_at, period_count, period_start, utc_date, utc_midnight

HIGHEST_PERIOD = 50  # the API checks against the longest day of the year, not against the day asked for
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?")


@dataclass(frozen=True)
class Periods:
    """Settlement periods from (day, period) to (day, period), both included. A period that a day lacks is empty."""

    first: tuple[date, int]
    last: tuple[date, int]

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last settlement day."""
        return self.first[0], self.last[0]

    def of(self, day: date) -> range:
        """List the wanted periods of one day, without those that it lacks."""
        low = self.first[1] if day == self.first[0] else 1
        high = self.last[1] if day == self.last[0] else HIGHEST_PERIOD
        return range(max(1, low), min(high, period_count(day)) + 1)


@dataclass(frozen=True)
class Instants:
    """Instants from first to last, both included, of one field (publishTime, measurementTime)."""

    field: str
    first: int
    last: int

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last UTC day."""
        return utc_date(self.first), utc_date(self.last)


@dataclass(frozen=True)
class Snapshot:
    """No window: the state as of now."""


Window = Periods | Instants | Snapshot


class Missing(Exception):
    """A required parameter is not there. The API answers 404, not 400."""


class Refused(Exception):
    """A parameter has a value that the API refuses with 400: parameter name ("" for the whole), message."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.body = {"errors": {parameter: [message]}}


# A style reads the parameters of one kind of route; None means that none was given: the latest publication.
Style = Callable[[Parameters], Window | None]


def _instant(name: str, text: str) -> int:
    if not INSTANT.fullmatch(text):
        raise Refused(name, f"The value '{text}' is not valid.")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(name, f"The value '{text}' is not valid.") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def read_date(name: str, text: str) -> date:
    """Read YYYY-MM-DD or refuse it."""
    if not DATE.fullmatch(text):
        raise Refused(name, f"The value '{text}' is not valid.")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(name, f"The value '{text}' is not valid.") from None


def _period(name: str, text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= HIGHEST_PERIOD:
        raise Refused(name, f"The settlement period must be between 1 and {HIGHEST_PERIOD} inclusive")
    return int(text)


def _required(parameters: Parameters, *names: str) -> list[str]:
    missing = [name for name in names if not parameters.get(name)]
    if missing:
        raise Missing(", ".join(missing))
    return [parameters[name][0] for name in names]


def from_to(parameters: Parameters) -> Window | None:
    """Read `from` and `to`, required: the periods that hold them; settlementPeriodFrom/To replace the clock part."""
    ends = []
    for name, override in (("from", "settlementPeriodFrom"), ("to", "settlementPeriodTo")):
        (text,) = _required(parameters, name)
        instant = _instant(name, text)
        if override in parameters:
            ends.append((read_date(name, text[:10]), _period(override, parameters[override][0])))
        else:
            ends.append(period_at(instant))
    _check_order(ends[0] <= ends[1])
    return Periods(ends[0], ends[1])


def instants_from_to(parameters: Parameters) -> Window | None:
    """Read `from` and `to` as instants, optional. These routes know no settlement periods and ignore them."""
    ends = _pair(parameters, "from", "to")
    if ends is None:
        return None
    first, last = (period_at(_instant(name, text)) for name, text in zip(("from", "to"), ends, strict=True))
    _check_order(first <= last)
    return Periods(first, last)


def one_period(parameters: Parameters) -> Window | None:
    """Read settlementDate and settlementPeriod, both required: the non-stream PN and QPN give one period a call."""
    day_text, period_text = _required(parameters, "settlementDate", "settlementPeriod")
    at = read_date("settlementDate", day_text), _period("settlementPeriod", period_text)
    return Periods(at, at)


def settlement_dates(parameters: Parameters) -> Window | None:
    """Read settlementDateFrom and settlementDateTo."""
    ends = _pair(parameters, "settlementDateFrom", "settlementDateTo")
    if ends is None:
        return None
    first, last = read_date("settlementDateFrom", ends[0]), read_date("settlementDateTo", ends[1])
    _check_order(first <= last)
    return Periods((first, 1), (last, HIGHEST_PERIOD))


def instants(field: str, prefix: str, *, required: bool = False) -> Style:
    """Make the style of a pair `<prefix>From`, `<prefix>To` that bounds an instant field."""

    def read(parameters: Parameters) -> Window | None:
        names = f"{prefix}From", f"{prefix}To"
        if required:
            _required(parameters, *names)
        ends = _pair(parameters, *names)
        if ends is None:
            return None
        first, last = _instant(names[0], ends[0]), _instant(names[1], ends[1])
        _check_order(first <= last)
        return Instants(field, first, last)

    return read


published = instants("publishTime", "publishDateTime")
published_required = instants("publishTime", "publishDateTime", required=True)
measured = instants("measurementTime", "measurementDateTime")


def published_or_settled(parameters: Parameters) -> Window | None:
    """Read publish times or settlement dates, never both."""
    by_publication, by_settlement = published(parameters), settlement_dates(parameters)
    if by_publication and by_settlement:
        raise Refused("", "PublishDateTime and SettlementDate parameters must not be used together")
    return by_publication or by_settlement


def snapshot(parameters: Parameters) -> Window | None:
    """Read nothing."""
    return Snapshot()


def _pair(parameters: Parameters, first: str, last: str) -> tuple[str, str] | None:
    given = [name for name in (first, last) if parameters.get(name)]
    if len(given) == 1:
        raise Refused("", f"{first} and {last} must be provided together")
    return (parameters[first][0], parameters[last][0]) if given else None


def _check_order(in_order: bool) -> None:
    if not in_order:
        raise Refused("", "The From date must not be after the To date")


@dataclass(frozen=True)
class Cap:
    """The longest window that a route without /stream accepts."""

    seconds: int
    words: str

    def check(self, window: Window, parameters: Parameters) -> None:
        """Refuse a window that is too long, with the API's own message."""
        if isinstance(window, Periods):
            length = self._length(window, parameters)
        elif isinstance(window, Instants):
            length = window.last - window.first
        else:
            return
        # A settlement day may have 25 hours and still be one day.
        grace = 2 * HALF_HOUR if self.seconds >= DAY else 0
        if length > self.seconds + grace:
            raise Refused("", f"The date range between From and To inclusive must not exceed {self.words}")

    @staticmethod
    def _length(window: Periods, parameters: Parameters) -> int:
        if "settlementPeriodFrom" in parameters or "settlementPeriodTo" in parameters or "from" not in parameters:
            last_day, last = window.last
            return period_start(last_day, min(last, period_count(last_day))) - period_start(*window.first)
        return _instant("to", parameters["to"][0]) - _instant("from", parameters["from"][0])


ONE_HOUR = Cap(3_600, "1 hour")
ONE_DAY = Cap(DAY, "1 day")
FOUR_HOURS = Cap(4 * 3_600, "4 hours")
TWELVE_HOURS = Cap(12 * 3_600, "12 hours")
FOUR_DAYS = Cap(4 * DAY, "4 days")
SEVEN_DAYS = Cap(7 * DAY, "7 days")
THREE_MONTHS = Cap(92 * DAY, "92 days")
ONE_YEAR = Cap(366 * DAY, "366 days")


def whole_day(day: date) -> Periods:
    """Give the window of one settlement day."""
    return Periods((day, 1), (day, HIGHEST_PERIOD))


def whole_utc_day(field: str, day: date) -> Instants:
    """Give the window of one UTC day, without the next midnight."""
    midnight = utc_midnight(day)
    return Instants(field, midnight, midnight + DAY - 1)
