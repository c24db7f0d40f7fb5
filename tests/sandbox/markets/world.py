"""Made-up prices, loads and generation of seven markets: a function of name and instant, whatever file tells it."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

EASTERN, CENTRAL, PACIFIC = (ZoneInfo(f"America/{city}") for city in ("New_York", "Chicago", "Los_Angeles"))
EST = ZoneInfo("Etc/GMT+5")
SOLAR_DIP_HOURS = range(11, 16)  # local hours in which prices fall below zero on some days


class Price(NamedTuple):
    """In hundredths of USD/MWh, so that components add up exactly."""

    lmp: int
    energy: int
    congestion: int
    loss: int


class File(NamedTuple):
    """What a publisher wrote, and what it means: ((identity), start of the interval, value) of every row."""

    name: str
    content: bytes
    truth: list[tuple[tuple[str, ...], datetime, float]]


class Local(NamedTuple):
    """What a market's clock shows, and whether it shows it for the second time."""

    at: datetime
    is_second: bool


def draw(*about: object, low: int, high: int) -> int:
    """A number from low to high, the same for the same names."""
    digest = hashlib.blake2b(repr(about).encode(), digest_size=8).digest()
    return low + int.from_bytes(digest) % (high - low + 1)


@lru_cache(maxsize=1 << 12)  # a component after the other, over the instants of a day
def price(market: str, location: str, at: datetime) -> Price:
    """Energy is one price for all locations of a market and hour."""
    hour = at.replace(minute=0)
    energy = draw(market, "energy", hour, low=800, high=6_000) - (2_500 if hour.hour % 24 in SOLAR_DIP_HOURS else 0)
    congestion = draw(market, location, "congestion", at, low=-900, high=1_200)
    loss = draw(market, location, "loss", at, low=-80, high=120)
    return Price(energy + congestion + loss, energy, congestion, loss)


def amount(*about: object, low: int = 100, high: int = 9_000) -> float:
    """A price or a power, to one decimal."""
    return draw(*about, low=low, high=high) / 10


def starts(day: date, zone: ZoneInfo, minutes: int = 60) -> list[datetime]:
    """Starts (UTC) of the intervals of a market's day: of 23 to 25 hours."""
    first, until = (
        datetime.combine(one, time(), tzinfo=zone).astimezone(UTC) for one in (day, day + timedelta(days=1))
    )
    step = timedelta(minutes=minutes)
    return [first + step * number for number in range((until - first) // step)]


def local(at: datetime, zone: ZoneInfo) -> Local:
    """The market's clock at an instant."""
    shown = at.astimezone(zone).replace(tzinfo=None)
    an_hour_ago = (at - timedelta(hours=1)).astimezone(zone).replace(tzinfo=None)
    return Local(shown, shown == an_hour_ago)


def usd(hundredths: int) -> str:
    return f"{hundredths / 100:.2f}"


def lines(*rows: str, end: str = "\n") -> bytes:
    return (end.join(rows) + end).encode()
