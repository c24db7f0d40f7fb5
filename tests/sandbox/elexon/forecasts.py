"""NDF and INDDEM: demand forecasts, published every half hour; each publication is a vintage that stays.

Assumed: a publication's 56 targets are the last 56 half-hours up to the end of the next settlement day. The size is
measured (1,008 rows of INDDEM = 18 boundaries x 56), the placing is not; this one gives every publication of a day the
whole day ahead.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, timedelta

from tests.sandbox.elexon.clock import HALF_HOUR, period_at, period_count, period_start, stamp, utc_midnight
from tests.sandbox.elexon.layout import Columns, Record
from tests.sandbox.elexon.world import World

FORECAST_COLUMNS = "demand:d publishTime:s startTime:s settlementDate:s settlementPeriod:d boundary:s"
NDF = Columns("NDF", FORECAST_COLUMNS)
INDDEM = Columns("INDDEM", FORECAST_COLUMNS)
TARGETS = 56
PUBLICATIONS = 48
BOUNDARIES = ["N", "Z", *(f"B{k}" for k in range(1, 17))]


def publication_instants(day: date, count: int) -> list[int]:
    """List `count` publications of a UTC day, on half hours, the first at midnight exactly."""
    return [utc_midnight(day) + k * PUBLICATIONS // count * HALF_HOUR for k in range(count)]


def national_publications(world: World) -> int:
    """Count NDF's publications a day: 48 at scale 1, at least one."""
    return max(1, round(PUBLICATIONS * world.scale))


def zonal_size(world: World) -> tuple[int, int]:
    """Give INDDEM's publications a day and boundaries: 48 and 18 at scale 1, thinned alike, at least 1 and 2."""
    boundaries = max(2, round(len(BOUNDARIES) * math.sqrt(world.scale)))
    return max(1, round(PUBLICATIONS * len(BOUNDARIES) * world.scale / boundaries)), boundaries


def targets(world: World, published: int) -> list[tuple[str, str, int, int]]:
    """List a publication's half-hours: start, settlement date, period, forecast MW. The error grows with the lead."""
    tomorrow = period_at(published)[0] + timedelta(days=1)
    end = period_start(tomorrow, period_count(tomorrow) + 1)
    found = []
    demand: dict[date, list[int]] = {}
    for start in range(end - TARGETS * HALF_HOUR, end, HALF_HOUR):
        day, period = period_at(start)
        if day not in demand:
            demand[day] = world.demand(day)
        lead_hours = (start - published) / 3_600
        error = 0.002 * lead_hours * (world.noise(40, start, published) - 0.45)  # a little too high on average
        found.append((stamp(start), day.isoformat(), period, round(demand[day][period - 1] * (1 + error))))
    return found


def national_demand_forecast(world: World, day: date, wanted: range) -> Iterator[Record]:
    """NDF: 48 publications x 56 targets."""
    for published in publication_instants(day, national_publications(world)):
        if published in wanted:
            issued = stamp(published)
            for start, target, period, demand in targets(world, published):
                yield (demand, issued, start, target, period, "N")


def indicated_demand(world: World, day: date, wanted: range) -> Iterator[Record]:
    """INDDEM: 48 publications x 18 boundaries x 56 targets. N and Z are national, the zones divide it."""
    count, boundaries = zonal_size(world)
    for published in publication_instants(day, count):
        if published not in wanted:
            continue
        issued = stamp(published)
        forecast = targets(world, published)
        for place, boundary in enumerate(BOUNDARIES[:boundaries]):
            share = 1 if place < 2 else 16
            for start, target, period, demand in forecast:
                yield (demand // share, issued, start, target, period, boundary)
