"""Demand, generation and margin of the next two days, published every half hour: vintages that stay.

Assumed: a publication's 56 targets are the last 56 half-hours up to the end of the next settlement day. The size is
measured (1,008 rows of INDDEM = 18 boundaries x 56), the placing is not; this one gives every publication of a day the
whole day ahead. A publication is whole at every scale; there are fewer of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from tests.sandbox.elexon.clock import HALF_HOUR, period_at, period_count, period_start, stamp, utc_midnight
from tests.sandbox.elexon.layout import Columns, Record
from tests.sandbox.elexon.world import World

FORECAST_COLUMNS = "publishTime:s startTime:s settlementDate:s settlementPeriod:d boundary:s"
NDF = Columns("NDF", f"demand:d {FORECAST_COLUMNS}")
INDDEM = Columns("INDDEM", f"demand:d {FORECAST_COLUMNS}")
TSDF = Columns("TSDF", f"demand:d {FORECAST_COLUMNS}")
INDGEN = Columns("INDGEN", f"generation:d {FORECAST_COLUMNS}")
IMBALNGC = Columns("IMBALNGC", f"imbalance:d {FORECAST_COLUMNS}")
MELNGC = Columns("MELNGC", f"margin:d {FORECAST_COLUMNS}")
TARGETS = 56
PUBLICATIONS = 48
BOUNDARIES = ["N", "Z", *(f"B{k}" for k in range(1, 17))]
STATION_LOAD_MW = 600  # between national demand and the demand on the transmission system, with pumping and exports
AVAILABLE_MW = 52_000


def publication_instants(day: date, count: int) -> list[int]:
    """List `count` publications of a UTC day, on half hours, the first at midnight exactly."""
    return [utc_midnight(day) + k * PUBLICATIONS // count * HALF_HOUR for k in range(count)]


def national_publications(world: World) -> int:
    """Count NDF's publications a day: 48 at scale 1, at least four, so that forecasts have horizons."""
    return max(4, round(PUBLICATIONS * world.scale))


def zonal_publications(world: World) -> int:
    """Count the publications of a zonal set a day: 48 at scale 1, at least one."""
    return max(1, round(PUBLICATIONS * world.scale))


def targets(world: World, published: int) -> list[tuple[int, str, int, int]]:
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
        found.append((start, day.isoformat(), period, round(demand[day][period - 1] * (1 + error))))
    return found


def national_demand_forecast(world: World, day: date, wanted: range) -> Iterator[Record]:
    """NDF: 48 publications x 56 targets."""
    for published in publication_instants(day, national_publications(world)):
        if published in wanted:
            issued = stamp(published)
            for start, target, period, demand in targets(world, published):
                yield (demand, issued, stamp(start), target, period, "N")


def indicated_mismatch(start: int, published: int) -> int:
    """Give by how many MW the notified generation differs from the forecast demand: less as the period comes nearer."""
    return (start // HALF_HOUR * 37 % 21 - 10) * max(1, (start - published) // 3_600) * 8


def zonal(value: Callable[[int, int, int], int]) -> Callable[[World, date, range], Iterator[Record]]:
    """Make a zonal set from `value(demand, start, published)` in MW: 48 publications x 18 boundaries x 56 targets.

    N and Z are national, the zones divide it.
    """

    def generate(world: World, day: date, wanted: range) -> Iterator[Record]:
        for published in publication_instants(day, zonal_publications(world)):
            if published not in wanted:
                continue
            issued = stamp(published)
            forecast = [
                (value(demand, start, published), issued, stamp(start), target, period)
                for start, target, period, demand in targets(world, published)
            ]
            for place, boundary in enumerate(BOUNDARIES):
                share = 1 if place < 2 else 16
                for level, *at in forecast:
                    yield (level // share, *at, boundary)

    return generate


indicated_demand = zonal(lambda demand, start, published: demand)
transmission_demand_forecast = zonal(lambda demand, start, published: demand + STATION_LOAD_MW)
indicated_imbalance = zonal(lambda demand, start, published: indicated_mismatch(start, published))
indicated_generation = zonal(
    lambda demand, start, published: demand + STATION_LOAD_MW + indicated_mismatch(start, published)
)
indicated_margin = zonal(lambda demand, start, published: AVAILABLE_MW - demand)
