"""What turned out: demand, temperature, metered volumes, generation by type, reserve beside the mechanism, warnings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from tests.sandbox.elexon.clock import HALF_HOUR, period_at, period_start, stamp, utc_midnight
from tests.sandbox.elexon.forecasts import PUBLICATIONS, STATION_LOAD_MW
from tests.sandbox.elexon.generation import fleet_day
from tests.sandbox.elexon.layout import Columns, Documents, Record
from tests.sandbox.elexon.profile import day_profile
from tests.sandbox.elexon.world import World

DEMAND_COLUMNS = "publishTime:s startTime:s settlementDate:s settlementPeriod:d demand:d"
INDO = Columns("INDO", DEMAND_COLUMNS)
ITSDO = Columns("ITSDO", DEMAND_COLUMNS)
TEMP = Columns("TEMP", "measurementDate:s publishTime:s temperature:f")
NONBM = Columns("NONBM", "publishTime:s startTime:s settlementDate:s settlementPeriod:d generation:d")
B1610 = Columns(
    "B1610",
    "psrType:s bmUnit:s nationalGridBmUnitId:s settlementDate:s settlementPeriod:d halfHourEndTime:s quantity:f",
)
TYPE_COLUMNS = (
    "documentId:s documentRevisionNumber:d publishTime:s businessType:s psrType:s quantity:f startTime:s "
    "settlementDate:s settlementPeriod:d"
)
AGPT = Columns("AGPT", TYPE_COLUMNS)
AGWS = Columns("AGWS", TYPE_COLUMNS)
SYSWARN = Documents()
METERING_DELAY = 7  # days from a settlement day to its first run: five of them work

# Type of power station in the regulation's words: the fuel that it follows and its share of it.
TYPES = {
    "Biomass": ("BIOMASS", 1.0),
    "Fossil Gas": ("CCGT", 1.0),
    "Fossil Hard coal": ("COAL", 1.0),
    "Fossil Oil": ("OIL", 1.0),
    "Hydro Pumped Storage": ("PS", 1.0),
    "Hydro Run-of-river and poundage": ("NPSHYD", 1.0),
    "Nuclear": ("NUCLEAR", 1.0),
    "Other": ("OTHER", 1.0),
    "Solar": ("OTHER", 4.0),
    "Wind Offshore": ("WIND", 0.55),
    "Wind Onshore": ("WIND", 0.6),  # with the embedded part, which is not metered
}
RENEWABLE = {name: TYPES[name] for name in ("Solar", "Wind Offshore", "Wind Onshore")}


def _publications(day: date, wanted: range) -> Iterator[tuple[int, int, date, int]]:
    """Yield a day's half-hourly publications with the period that ended with each: instant, start, day, period."""
    for published in range(utc_midnight(day), utc_midnight(day) + PUBLICATIONS * HALF_HOUR, HALF_HOUR):
        if published in wanted:
            yield published, published - HALF_HOUR, *period_at(published - HALF_HOUR)


def national_outturn(world: World, day: date, wanted: range) -> Iterator[Record]:
    """INDO: 48 rows a UTC day, each published when its period ends: the last one at the next midnight exactly."""
    return _outturn(world, day, wanted, 0)


def transmission_outturn(world: World, day: date, wanted: range) -> Iterator[Record]:
    """ITSDO: as INDO, with station load, pumping and exports."""
    return _outturn(world, day, wanted, STATION_LOAD_MW)


def _outturn(world: World, day: date, wanted: range, more: int) -> Iterator[Record]:
    for published, start, target, period in _publications(day, wanted):
        demand = world.demand(target)[period - 1] + more + round(400 * (world.noise(70, start) - 0.5))
        yield (stamp(published), stamp(start), target.isoformat(), period, demand)


def temperature(world: World, day: date, wanted: range) -> Iterator[Record]:
    """TEMP: one row a day, at 17:00."""
    published = utc_midnight(day) + 17 * 3_600
    if published in wanted:
        season = 10 - 7 * world.noise(71, day.toordinal()) + (8 if 4 <= day.month <= 9 else 0)
        yield (day.isoformat(), stamp(published), round(season, 1))


def reserve_beside(world: World, day: date, periods: range) -> Iterator[Record]:
    """NONBM: 48 rows a day, mostly zero."""
    for period in periods:
        start = period_start(day, period)
        called = world.noise(72, day.toordinal(), period) > 0.95
        yield (stamp(start + HALF_HOUR), stamp(start), day.isoformat(), period, 80 if called else 0)


def metered_volumes(world: World, day: date, periods: range) -> Iterator[Record]:
    """B1610: MWh of every unit that Elexon knows, near what it notified. 68,000 rows a day at scale 1."""
    text = day.isoformat()
    units = [item for item in day_profile(world, day) if item.unit.bm_unit is not None]
    for period in periods:
        ends = stamp(period_start(day, period) + HALF_HOUR)
        for item in units:
            unit = item.unit
            notified = (item.levels[period - 1] + item.levels[period]) / 4
            metered = round(notified * (0.97 + 0.06 * world.noise(73, unit.index, day.toordinal(), period)), 3)
            kind = "Generation" if unit.generation_mw >= -unit.demand_mw else "Demand"
            yield (kind, unit.bm_unit, unit.name, text, period, ends, metered)


def generation_by_type(world: World, day: date, wanted: range) -> Iterator[Record]:
    """AGPT: 48 documents x 11 types; some are revised a day later."""
    return _by_type(world, day, wanted, "AGPT", TYPES)


def wind_and_solar(world: World, day: date, wanted: range) -> Iterator[Record]:
    """AGWS: 48 documents x 3 types; some are revised a day later."""
    return _by_type(world, day, wanted, "AGWS", RENEWABLE)


def _by_type(
    world: World, day: date, wanted: range, code: str, types: dict[str, tuple[str, float]]
) -> Iterator[Record]:
    fleets: dict[date, dict[str, list[int]]] = {}
    for published, at, _, _ in _publications(day, wanted):
        for revision, start in ((1, at), (2, at - PUBLICATIONS * HALF_HOUR)):
            number = start // HALF_HOUR
            if revision == 2 and number % 10:
                continue
            target, period = period_at(start)
            if target not in fleets:
                fleets[target] = fleet_day(world, target)
            for name, (fuel, share) in types.items():
                quantity = fleets[target][fuel][period - 1] * share + revision - 1
                yield (
                    *(f"NGET-EMFIP-{code}-{number:08d}", revision, stamp(published), _business(name), name),
                    *(round(quantity, 3), stamp(start), target.isoformat(), period),
                )


def _business(name: str) -> str:
    if name == "Solar":
        return "Solar generation"
    return "Wind generation" if name.startswith("Wind") else "Production"


WARNINGS = [
    "ELECTRICITY MARGIN NOTICE: there is a reduced system margin from 16:30 to 19:00",
    'NATIONAL GRID NOTIFICATION of "excess energy prices" used for settlement\noutside of BALIT',
    "SO-SO TRADES: prices for tomorrow, £0.00 to £95.00",
]


def system_warnings(world: World, day: date, wanted: range) -> Iterator[Record]:
    """SYSWARN: on two days of three none; otherwise one or two at one instant."""
    if day.toordinal() % 3:
        return
    published = utc_midnight(day) + int(world.noise(74, day.toordinal()) * 86_000)
    if published in wanted:
        for place in range(1 + day.toordinal() // 3 % 2):
            text = WARNINGS[(day.toordinal() + place) % len(WARNINGS)]
            yield {"dataset": "SYSWARN", "publishTime": stamp(published), "warningText": text}


def last_metered_day(world: World) -> date:
    """Find the last day whose first settlement run is published."""
    return world.today - timedelta(days=1 + METERING_DELAY)
