"""What is foreseen for days and weeks ahead, for wind by the hour and for the margin: vintages that stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from tests.sandbox.elexon.clock import HALF_HOUR, period_at, stamp, utc_midnight
from tests.sandbox.elexon.forecasts import AVAILABLE_MW, STATION_LOAD_MW, publication_instants
from tests.sandbox.elexon.generation import FLEET
from tests.sandbox.elexon.layout import Columns, Documents, Record
from tests.sandbox.elexon.units import Unit
from tests.sandbox.elexon.world import World

RESERVE_MW = 2_500  # between margin and surplus
DAYS_AHEAD = range(2, 15)
YEAR_AHEAD = range(2, 53)  # weeks
THREE_YEARS_AHEAD = range(2, 157)
THURSDAY = 3
HOUR = 3_600

Value = Callable[[int], int]  # MW from a forecast demand
VALUES: dict[str, tuple[str, Value]] = {
    "NDFD": ("demand", lambda demand: demand),
    "TSDFD": ("demand", lambda demand: demand + STATION_LOAD_MW),
    "OCNMFD": ("surplus", lambda demand: AVAILABLE_MW - demand - RESERVE_MW),
    "OCNMFD2": ("margin", lambda demand: AVAILABLE_MW - demand),
    "NDFW": ("demand", lambda demand: demand),
    "TSDFW": ("demand", lambda demand: demand + STATION_LOAD_MW),
    "OCNMF3Y": ("surplus", lambda demand: AVAILABLE_MW - demand - RESERVE_MW),
    "OCNMF3Y2": ("margin", lambda demand: AVAILABLE_MW - demand),
}
NDFD, TSDFD, OCNMFD, OCNMFD2 = (
    Columns(code, f"publishTime:s forecastDate:s {VALUES[code][0]}:d")
    for code in ("NDFD", "TSDFD", "OCNMFD", "OCNMFD2")
)
NDFW, TSDFW = (Columns(code, f"publishTime:s year:d week:d {VALUES[code][0]}:d") for code in ("NDFW", "TSDFW"))
OCNMF3Y, OCNMF3Y2 = (
    Columns(code, f"publishTime:s week:d year:d {VALUES[code][0]}:d") for code in ("OCNMF3Y", "OCNMF3Y2")
)
WINDFOR = Columns("WINDFOR", "publishTime:s startTime:s generation:d")
LOLPDRM = Columns(
    "LOLPDRM",
    "publishTime:s publishingPeriodCommencingTime:s startTime:s settlementDate:s settlementPeriod:d "
    "lossOfLoadProbability:f deratedMargin:f",
)
UOU = Documents()


def daily_publication(day: date) -> int:
    """Give the instant of a set that is published once a day."""
    return utc_midnight(day) + 14 * HOUR


def weekly_publication(day: date) -> int:
    """Give the instant of a set that is published on Thursdays."""
    return utc_midnight(day) + 16 * HOUR


def last_thursday(world: World) -> date:
    """Find the last day that is published and a Thursday."""
    day = world.today - timedelta(days=1)
    return day - timedelta(days=(day.weekday() - THURSDAY) % 7)


def days_ahead(code: str) -> Callable[[World, date, range], Iterator[Record]]:
    """Make a set of one publication a day x 13 days."""
    value = VALUES[code][1]

    def generate(world: World, day: date, wanted: range) -> Iterator[Record]:
        published = daily_publication(day)
        if published in wanted:
            for ahead in DAYS_AHEAD:
                target = day + timedelta(days=ahead)
                yield (stamp(published), target.isoformat(), value(_peak(world, target, published)))

    return generate


def weeks_ahead(code: str, weeks: range) -> Callable[[World, date, range], Iterator[Record]]:
    """Make a set of one publication a week: 51 or 155 weeks. Years and weeks are those of ISO 8601."""
    value, year_first = VALUES[code][1], weeks is YEAR_AHEAD

    def generate(world: World, day: date, wanted: range) -> Iterator[Record]:
        published = weekly_publication(day)
        if day.weekday() == THURSDAY and published in wanted:
            for target in _weeks(day, weeks):
                year, week, _ = target.isocalendar()
                at = (year, week) if year_first else (week, year)
                yield (stamp(published), *at, value(_peak(world, target, published)))

    return generate


def _weeks(day: date, weeks: range) -> Iterator[date]:
    yield from (day + timedelta(weeks=ahead) for ahead in weeks)


def _peak(world: World, day: date, published: int) -> int:
    """Forecast a day's peak demand, MW. The error grows with the lead."""
    lead_days = (utc_midnight(day) - published) // 86_400
    error = 0.0005 * lead_days * (world.noise(41, day.toordinal(), published) - 0.5)
    return round(max(world.demand(day)) * (1 + error))


def wind_publications(world: World) -> int:
    """Count WINDFOR's publications a day: 8 at scale 1, at least two."""
    return max(2, round(8 * world.scale))


def wind_forecast(world: World, day: date, wanted: range) -> Iterator[Record]:
    """WINDFOR: 8 publications x 74 hours. The outturn is FUELHH's WIND; the error grows with the lead."""
    size = FLEET["WIND"][1]
    curves: dict[date, list[float]] = {}
    for published in publication_instants(day, wind_publications(world)):
        if published not in wanted:
            continue
        for hour in range(1, 75):
            start = published + hour * HOUR
            target, period = period_at(start)
            if target not in curves:
                tomorrow = target + timedelta(days=1)
                curves[target] = world.curve("flat", target, world.wind(target), world.wind(tomorrow))
            error = 0.006 * hour * (world.noise(42, start, published) - 0.5)
            yield (stamp(published), stamp(start), max(0, round(size * curves[target][period - 1] * (1 + error))))


def margin_publications(world: World) -> int:
    """Count LOLPDRM's publications a day: 48 at scale 1, at least two."""
    return max(2, round(48 * world.scale))


def loss_of_load(world: World, day: date, wanted: range) -> Iterator[Record]:
    """LOLPDRM: 48 publications x 54 half-hours, each nine minutes into its half-hour."""
    for begins in publication_instants(day, margin_publications(world)):
        published = begins + 555
        if published not in wanted:
            continue
        for ahead in range(2, 56):
            start = begins + ahead * HALF_HOUR
            target, period = period_at(start)
            margin = AVAILABLE_MW - world.demand(target)[period - 1] - 4_000 * world.noise(43, start, published)
            probability = round(max(0.0, 0.002 - margin / 1e7), 6)
            yield (
                *(stamp(published), stamp(begins), stamp(start), target.isoformat(), period),
                *(probability, round(margin, 3)),
            )


# --- what each unit can generate -------------------------------------------------------------------------------------


def reporting_units(world: World) -> list[Unit]:
    """List the units that report their availability: about 470 at scale 1."""
    return [unit for unit in world.units if unit.fuel is not None or unit.kind == "E"]


def unit_publications(world: World) -> int:
    """Count UOU2T14D's publications a day: 24 at scale 1, at least one."""
    return max(1, round(24 * world.scale))


def usable_days(world: World, day: date, wanted: range) -> Iterator[Record]:
    """UOU2T14D: 24 publications x units x 13 days."""
    for published in publication_instants(day, unit_publications(world)):
        if published in wanted:
            for unit in reporting_units(world):
                for ahead in DAYS_AHEAD:
                    target = day + timedelta(days=ahead)
                    at = {"publishTime": stamp(published), "forecastDate": target.isoformat()}
                    yield _usable(world, "UOU2T14D", unit, at, target)


def usable_weeks(world: World, day: date, wanted: range) -> Iterator[Record]:
    """UOU2T3YW: one publication a week x units x 155 weeks."""
    published = weekly_publication(day)
    if day.weekday() == THURSDAY and published in wanted:
        for unit in reporting_units(world):
            for target in _weeks(day, THREE_YEARS_AHEAD):
                year, week, _ = target.isocalendar()
                at = {"publishTime": stamp(published), "week": week, "year": year}
                yield _usable(world, "UOU2T3YW", unit, at, target)


def _usable(world: World, code: str, unit: Unit, at: dict[str, object], target: date) -> Record:
    out = world.noise(44, unit.index, target.toordinal() // 9) < 0.08  # an outage lasts nine days
    record: dict[str, object] = {
        "dataset": code,
        "fuelType": unit.fuel or "OTHER",
        "nationalGridBmUnit": unit.name,
        "bmUnit": unit.bm_unit,
        **at,
        "outputUsable": 0 if out else unit.generation_mw,
    }
    return {key: value for key, value in record.items() if value is not None}
