"""FUELHH, FUELINST and FREQ: what was generated, by fuel, and the system's frequency."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from tests.sandbox.elexon.clock import DAY, HALF_HOUR, period_start, stamp, utc_midnight
from tests.sandbox.elexon.layout import Columns, Record
from tests.sandbox.elexon.world import World

FUEL_COLUMNS = "publishTime:s startTime:s settlementDate:s settlementPeriod:d fuelType:s generation:d"
FUELHH = Columns("FUELHH", FUEL_COLUMNS)
FUELINST = Columns("FUELINST", FUEL_COLUMNS)
FREQ = Columns("FREQ", "measurementTime:s frequency:f")

# Fuel: (shape of the day, MW at factor 1, lowest and highest daily factor). 20 codes; PS and the links go negative.
FLEET: dict[str, tuple[str, int, float, float]] = {
    "BIOMASS": ("flat", 3_000, 0.5, 0.95),
    "CCGT": ("load", -20_000, 0.2, 1.0),
    "COAL": ("day", 1_500, 0.0, 0.5),
    "INTELEC": ("trade", 1_000, 0.4, 1.0),
    "INTEW": ("trade", 500, 0.3, 1.0),
    "INTFR": ("flat", 2_000, -0.6, 1.0),
    "INTGRNL": ("trade", 500, 0.2, 0.9),
    "INTIFA2": ("flat", 1_000, -0.6, 1.0),
    "INTIRL": ("trade", 450, 0.3, 1.0),
    "INTNED": ("trade", 1_000, 0.4, 1.0),
    "INTNEM": ("flat", 1_000, -0.5, 1.0),
    "INTNSL": ("flat", 1_400, 0.2, 1.0),
    "INTVKL": ("flat", 1_400, -0.4, 1.0),
    "NPSHYD": ("flat", 1_100, 0.1, 0.7),
    "NUCLEAR": ("flat", 5_900, 0.6, 0.9),
    "OCGT": ("peak", 600, 0.0, 0.5),
    "OIL": ("flat", 0, 0.0, 0.0),
    "OTHER": ("day", 900, 0.2, 0.8),
    "PS": ("pumped", 2_000, 0.5, 1.0),
    "WIND": ("flat", 22_000, 0.05, 0.8),
}
# Five-minute values swing around the half-hour's by these steps, whose sum is zero: six of them average to FUELHH.
SWING = (-3, 1, 2, -2, 3, -1)
FIVE_MINUTES = 300


def fleet_day(world: World, day: date) -> dict[str, list[int]]:
    """Work out each fuel's output in each half-hour of a day, MW."""
    output = {}
    for number, (fuel, (shape, size, low, high)) in enumerate(FLEET.items()):
        start, end = world.daily(300 + number, day, low, high)
        if fuel == "WIND":
            start, end = world.wind(day), world.wind(day + timedelta(days=1))
        output[fuel] = [round(size * value) for value in world.curve(shape, day, start, end)[:-1]]
    return output


def half_hourly_generation(world: World, day: date, periods: range) -> Iterator[Record]:
    """FUELHH: 20 fuels x 48 periods, at every scale. Published when the period ends."""
    text = day.isoformat()
    output = list(fleet_day(world, day).items())
    for period in periods:
        start = period_start(day, period)
        published, begins = stamp(start + HALF_HOUR), stamp(start)
        for fuel, levels in output:
            yield (published, begins, text, period, fuel, levels[period - 1])


def instants_per_period(world: World) -> int:
    """Count the five-minute instants kept in a half-hour: six at scale 1, never less than one."""
    return max(1, round(6 * world.scale))


def instantaneous_generation(world: World, day: date, periods: range) -> Iterator[Record]:
    """FUELINST: 20 fuels x 288 instants. Published when the five minutes end."""
    text = day.isoformat()
    output = list(fleet_day(world, day).items())
    for period in periods:
        for k in range(instants_per_period(world)):
            start = period_start(day, period) + k * FIVE_MINUTES
            published, begins = stamp(start + FIVE_MINUTES), stamp(start)
            for fuel, levels in output:
                level = levels[period - 1]
                yield (published, begins, text, period, fuel, level + SWING[k] * (abs(level) // 400))


def frequency(world: World, day: date, wanted: range) -> Iterator[Record]:
    """FREQ: every 15 seconds at scale 1, every 25 minutes at 0.01, from UTC midnight. Mean 50 Hz."""
    midnight = utc_midnight(day)
    step = 15 * round(1 / world.scale)
    ordinal = day.toordinal()
    first = max(midnight, midnight + -(-(wanted.start - midnight) // step) * step)
    for instant in range(first, min(midnight + DAY, wanted.stop), step):
        drift = 0.12 * (world.noise(30, ordinal, (instant - midnight) // 900) - 0.5)
        yield (stamp(instant), round(50 + drift + 0.04 * (world.noise(31, instant) - 0.5), 3))
