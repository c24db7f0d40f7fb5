"""The settlement clock: half-hour periods of a London calendar day, and UTC stamps. Instants are epoch seconds."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
DAY = 86_400
HALF_HOUR = 1_800


def stamp(instant: int) -> str:
    """Write an instant as the API does: 2024-01-02T00:30:00Z."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(instant))


@lru_cache(maxsize=1_024)
def day_start(day: date) -> int:
    """Give the instant of London midnight, where period 1 of the settlement day starts."""
    return int(datetime(day.year, day.month, day.day, tzinfo=LONDON).timestamp())


def utc_midnight(day: date) -> int:
    """Give the instant of UTC midnight."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def utc_date(instant: int) -> date:
    """Give the UTC calendar day of an instant."""
    return datetime.fromtimestamp(instant, UTC).date()


def period_count(day: date) -> int:
    """Count the settlement periods of a day: 48, or 46 and 50 where the clocks change."""
    return (day_start(day + timedelta(days=1)) - day_start(day)) // HALF_HOUR


def period_start(day: date, period: int) -> int:
    """Give the instant at which a settlement period (from 1) starts."""
    return day_start(day) + (period - 1) * HALF_HOUR


def period_at(instant: int) -> tuple[date, int]:
    """Find the settlement day and period that contain an instant."""
    day = datetime.fromtimestamp(instant, LONDON).date()
    return day, (instant - day_start(day)) // HALF_HOUR + 1
