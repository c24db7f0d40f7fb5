"""From the label of an interval to its instant in UTC, by the rule of its market.

Rules are applied to distinct labels, of which a file has few, so they are plain Python on one label.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from loaders.markets.layout import Clock

HOUR = timedelta(hours=1)
SET = {"y", "yes", "true", "1"}
CLEAR = {"n", "no", "false", "0", ""}
ABBREVIATIONS = {"EST": 1, "EDT": 0, "CST": 1, "CDT": 0, "PST": 1, "PDT": 0}  # fold: 1 is standard time
HOUR_LABEL = re.compile(r"(\d{1,2})(?::00)?(X?)")
# Forms of dates, tried in this order. %d and %m read numbers without a leading zero too.
DATES = ("%m/%d/%Y", "%Y-%m-%d", "%Y%m%d", "%m-%d-%Y")


class BadLabel(ValueError):
    """A label that the market's rule does not allow, with what is wrong."""


@dataclass(frozen=True)
class Interval:
    """Half-open, in UTC, with the market's day in which it begins."""

    start_at: datetime
    end_at: datetime
    delivery_date: date


@dataclass(frozen=True)
class Label:
    """What a row says of its time, as text; what it does not say is empty."""

    at: str = ""
    date: str = ""
    hour: str = ""
    interval: str = ""
    flag: str = ""
    abbreviation: str = ""

    @property
    def text(self) -> str:
        """The label as printed, its parts a blank apart."""
        return " ".join(part for part in (self.at, self.hour, self.interval, self.flag, self.abbreviation) if part)


@dataclass
class Reading:
    """One clock in one market's zone. Remembers what it has read."""

    clock: Clock
    zone: ZoneInfo
    _known: dict[tuple[Label, bool], Interval] = field(default_factory=dict)

    def interval(self, label: Label, is_second: bool = False) -> Interval:
        """The interval of a label. `is_second`: the row's label came before, in the same file.

        Raises `BadLabel`.
        """
        found = self._known.get((label, is_second))
        if found is None:
            found = self._known[label, is_second] = self._read(label, is_second)
        return found

    def is_ambiguous(self, label: Label) -> bool:
        """Whether the label names two instants, one after the other. Raises `BadLabel`."""
        return not self.clock.is_utc and _is_ambiguous(self._stamp(label)[0], self.zone)

    def _read(self, label: Label, is_second: bool) -> Interval:
        length = timedelta(minutes=self.clock.minutes)
        stamp, says_second = self._stamp(label)
        if self.clock.is_utc:
            at = stamp.replace(tzinfo=UTC)
        else:
            fold = 1 if says_second or is_second else self._fold(label, stamp)
            if says_second and not _is_ambiguous(stamp, self.zone):
                raise BadLabel(f"{label.text!r} marks a repeated hour, and {stamp:%Y-%m-%d} has none then")
            at = self._instant(stamp, fold, label)
        start_at = at - length if self.clock.at and self.clock.edge == "ends" else at
        return Interval(start_at, start_at + length, start_at.astimezone(self.zone).date())

    def _stamp(self, label: Label) -> tuple[datetime, bool]:
        """Wall time of the label, and whether the label itself says that it is the second one."""
        if self.clock.at is not None:
            if label.date and len(label.at.strip()) <= len("HH:MM:SS"):
                return _with_date(label.date, label.at), False
            return read_stamp(label.at, self.clock.form), False
        matched = HOUR_LABEL.fullmatch(label.hour.strip())
        if matched is None or not 1 <= int(matched[1]) <= 25:
            raise BadLabel(f"{label.hour!r} is no hour ending from 1 to 24")
        hour, is_second = int(matched[1]), matched[2] == "X"
        if hour == 25:  # the repeated hour of a publisher that sets no flag: it stands last, and is the second 01:00
            hour, is_second = 2, True
        inside = (
            timedelta(minutes=self.clock.minutes) * (_number(label.interval) - 1) if label.interval else timedelta()
        )
        return datetime.combine(read_date(label.date), time()) + (hour - 1) * HOUR + inside, is_second

    def _fold(self, label: Label, stamp: datetime) -> int:
        if self.clock.flag is not None:
            if (flag := label.flag.strip().lower()) not in SET | CLEAR:
                raise BadLabel(f"{label.flag!r} is no flag of the repeated hour; Y or N was expected")
            if flag in SET and not _is_ambiguous(stamp, self.zone):
                raise BadLabel(f"{label.text!r} marks a repeated hour, and {stamp:%Y-%m-%d} has none then")
            return 1 if flag in SET else 0
        if self.clock.abbreviation is not None:
            if (name := label.abbreviation.strip().upper()) not in ABBREVIATIONS:
                raise BadLabel(f"{label.abbreviation!r} is no time zone of this market")
            return ABBREVIATIONS[name]
        return 0

    def _instant(self, stamp: datetime, fold: int, label: Label) -> datetime:
        at = stamp.replace(tzinfo=self.zone, fold=fold).astimezone(UTC)
        if at.astimezone(self.zone).replace(tzinfo=None) != stamp:
            if self.clock.spring == "refused":
                raise BadLabel(f"{label.text!r} does not exist on {stamp:%Y-%m-%d}: the clocks go forward over it")
            return (stamp + HOUR).replace(tzinfo=self.zone).astimezone(UTC)
        if (
            self.clock.abbreviation is not None
            and at.astimezone(self.zone).tzname() != label.abbreviation.strip().upper()
        ):
            raise BadLabel(f"{label.text!r} is not in that time zone on {stamp:%Y-%m-%d}")
        return at


@lru_cache(maxsize=100_000)
def read_stamp(text: str, form: str) -> datetime:
    """A stamp without a zone; one that carries an offset is taken to UTC. Raises `BadLabel`.

    Seconds may be missing. `iso` reads ISO 8601.
    """
    text = text.strip()
    try:
        if form == "iso":
            at = datetime.fromisoformat(text)
            return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
        return datetime.strptime(text, form)  # noqa: DTZ007 the zone is the market's, and the caller's to apply
    except ValueError:
        pass
    for other in _others(form):
        try:
            return other(text)
        except ValueError:
            continue
    raise BadLabel(f"{text!r} is no date and time in the form {form}")


def _others(form: str) -> list[Callable[[str], datetime]]:
    """What a publisher writes instead: no seconds, ISO 8601 from its API, midnight without a clock."""

    def iso(text: str) -> datetime:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at

    forms = [form.replace(":%S", ""), form.split(" ")[0]] if " " in form else []
    return [*(lambda text, one=one: datetime.strptime(text, one) for one in forms), iso]  # noqa: DTZ007 the zone is the market's here too


@lru_cache(maxsize=10_000)
def read_date(text: str) -> date:
    """A calendar day. Raises `BadLabel`."""
    for form in DATES:
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007 a day has no zone
        except ValueError:
            continue
    raise BadLabel(f"{text!r} is no date")


def _with_date(day: str, clock: str) -> datetime:
    """A day that stands once in the file, and a row's time of day."""
    try:
        return datetime.combine(read_date(day), time.fromisoformat(clock.strip()))
    except ValueError as error:
        raise BadLabel(f"{clock!r} is no time of day") from error


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise BadLabel(f"{text!r} is no number of an interval") from error


@lru_cache(maxsize=100_000)
def _is_ambiguous(stamp: datetime, zone: ZoneInfo) -> bool:
    early, late = (stamp.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if early.utcoffset() == late.utcoffset():
        return False
    return early.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == stamp  # and exists at all
