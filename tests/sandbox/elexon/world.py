"""What all datasets of one sandbox share: the seed, the scale, the units and the weather. Nothing here has memory."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from tests.sandbox.elexon.clock import period_count
from tests.sandbox.elexon.units import Unit, notifying, silent

MASK = (1 << 64) - 1
FIRST_DAY = date(2016, 1, 1)  # physical data begin here; a day before is an empty array

# Share of a plant's capacity by hour of the London day, 0 to 24. Both ends agree, so days join without a step.
# Twelve hours in the first line of each, thirteen in the second.
SHAPES: dict[str, list[float]] = {
    "flat": [1.0] * 25,
    "day": [
        *(0, 0, 0, 0, 0, 0, 0.3, 0.8, 1, 1, 0.95, 0.9),
        *(0.9, 0.9, 0.9, 0.95, 1, 1, 1, 1, 0.9, 0.7, 0.4, 0.1, 0),
    ],
    "peak": [
        *(0, 0, 0, 0, 0, 0, 0, 0.2, 0.6, 0.2, 0, 0),
        *(0, 0, 0, 0, 0.5, 1, 1, 0.5, 0.1, 0, 0, 0, 0),
    ],
    "pumped": [
        *(-0.7, -0.9, -0.9, -0.9, -0.8, -0.3, 0, 0.5, 0.7, 0.4, 0, 0),
        *(0, -0.2, 0, 0.3, 0.9, 1, 0.9, 0.6, 0.2, 0, -0.2, -0.5, -0.7),
    ],
    "load": [
        *(-0.62, -0.6, -0.58, -0.57, -0.58, -0.62, -0.7, -0.82, -0.9, -0.93, -0.93, -0.92),
        *(-0.92, -0.91, -0.9, -0.91, -0.95, -1, -1, -0.96, -0.9, -0.83, -0.75, -0.68, -0.62),
    ],
    "trade": [
        *(-0.5, -0.5, -0.4, -0.2, 0, 0.1, 0.3, 0.6, 0.6, 0.3, 0, -0.1),
        *(-0.3, -0.2, 0, 0.2, 0.6, 1, 0.9, 0.5, 0.2, 0, -0.2, -0.4, -0.5),
    ],
}


@lru_cache(maxsize=64)
def edges(shape: str, periods: int) -> list[float]:
    """Read a shape at the period edges of a day: `periods` + 1 values. A short or long day is stretched."""
    hours = SHAPES[shape]
    values = []
    for k in range(periods + 1):
        hour = k * 24 / periods
        low = min(int(hour), 23)
        values.append(hours[low] + (hours[low + 1] - hours[low]) * (hour - low))
    return values


class World:
    """A sandbox's Great Britain. `scale` thins units and instants; days from `today` on are not published yet."""

    def __init__(self, scale: float = 1.0, seed: int = 1, today: date | None = None) -> None:
        if not 0 < scale <= 1:
            raise ValueError(f"scale must be above 0 and at most 1, not {scale}")
        self.scale = scale
        self.seed = seed
        self.today = today or datetime.now(UTC).date()
        self.units: list[Unit] = notifying(scale)
        self.silent_units: list[Unit] = silent(scale)

    def published(self, day: date) -> bool:
        """Say whether the publisher has data of this day."""
        return FIRST_DAY <= day < self.today

    def noise(self, *parts: int) -> float:
        """Hash integers to a number in [0, 1): the same answer whatever was asked before."""
        state = self.seed * 0x9E3779B97F4A7C15 & MASK
        for part in parts:
            state = ((state ^ (part & MASK)) * 0xBF58476D1CE4E5B9) & MASK
            state ^= state >> 31
        return ((state * 0x94D049BB133111EB & MASK) >> 11) / (1 << 53)

    def wind(self, day: date) -> float:
        """Give the national wind load factor at the start of a day: 0.05 to 0.8, higher in winter."""
        season = 0.1 * math.cos(2 * math.pi * (day.timetuple().tm_yday - 15) / 365)
        return min(0.8, max(0.05, 0.3 + season + 0.6 * (self.noise(1, day.toordinal()) - 0.5)))

    def daily(self, stream: int, day: date, low: float, high: float) -> tuple[float, float]:
        """Give a factor at the start and at the end of a day; the end is the next day's start."""
        ordinal = day.toordinal()
        span = high - low
        return low + span * self.noise(stream, ordinal), low + span * self.noise(stream, ordinal + 1)

    def curve(self, shape: str, day: date, start: float, end: float) -> list[float]:
        """Scale a shape over a day from factor `start` to factor `end`: one value per period edge."""
        periods = period_count(day)
        slope = (end - start) / periods
        return [value * (start + slope * k) for k, value in enumerate(edges(shape, periods))]

    def demand(self, day: date) -> list[int]:
        """Give the national demand at the period edges of a day, MW."""
        season = 1 + 0.15 * math.cos(2 * math.pi * (day.timetuple().tm_yday - 15) / 365)
        start, end = self.daily(2, day, 0.94, 1.06)
        return [round(-36_000 * season * value) for value in self.curve("load", day, start, end)]


def days_between(first: date, last: date) -> list[date]:
    """List the days from first to last, both included."""
    return [first + timedelta(days=k) for k in range((last - first).days + 1)]
