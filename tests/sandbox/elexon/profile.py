"""The day of every BM unit: its notified levels at the period edges and its limits. PN, MELS, BOALF, BOD share it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from tests.sandbox.elexon.clock import period_count
from tests.sandbox.elexon.units import Unit
from tests.sandbox.elexon.world import World

SHAPE_OF = {
    "CCGT": "day",
    "COAL": "day",
    "OCGT": "peak",
    "PS": "pumped",
    "OTHER": "trade",
    "NUCLEAR": "flat",
    "BIOMASS": "flat",
    "NPSHYD": "flat",
    "WIND": "flat",
}
RUNNING = {"NUCLEAR": (0.85, 1.0), "BIOMASS": (0.7, 1.0), "NPSHYD": (0.1, 0.8), "COAL": (0.0, 0.7), "OCGT": (0.0, 0.3)}


@dataclass(frozen=True, slots=True)
class UnitDay:
    """One unit on one settlement day. All levels in MW.

    levels: what it notifies, at each period edge (periods + 1 values); the level runs straight in between.
    ceiling, floor: its export and import limits before and after `change`, the period of a redeclaration (0: none).
    """

    unit: Unit
    levels: list[int]
    ceiling: tuple[int, int]
    floor: tuple[int, int]
    change: int


def unit_levels(world: World, unit: Unit, day: date) -> list[int]:
    """Work out what a unit notifies over a day, within its capacity, continuous over midnight."""
    stream = 100 + unit.index
    if unit.fuel == "WIND":
        local = 0.7 + 0.6 * world.noise(stream)
        start, end = world.wind(day) * local, world.wind(date.fromordinal(day.toordinal() + 1)) * local
        shape, capacity = "flat", unit.generation_mw
    elif unit.fuel is not None and not unit.fuel.startswith("INT"):
        start, end = world.daily(stream, day, *RUNNING.get(unit.fuel, (0.4, 1.0)))
        shape, capacity = SHAPE_OF[unit.fuel], unit.generation_mw
    elif unit.kind == "S":
        start, end = world.daily(stream, day, 0.5, 0.9)
        shape, capacity = "load", -unit.demand_mw
    else:
        # Most traders and small parties notify zero all day; the rest follow prices.
        idle = unit.fuel is None and unit.index % 5 != 0
        start, end = (0.0, 0.0) if idle else world.daily(stream, day, 0.3, 0.9)
        shape, capacity = "trade", min(unit.generation_mw, -unit.demand_mw) or unit.generation_mw
    levels = [round(capacity * value) for value in world.curve(shape, day, start, end)]
    if unit.fuel == "WIND":
        swing = max(1, capacity // 40)
        step = unit.index % 5 + 2
        for k in range(1, len(levels) - 1):  # not at the ends: they join the neighbouring days
            levels[k] = min(capacity, max(0, levels[k] + (k * step % 7 - 3) * swing // 3))
    return levels


def unit_day(world: World, unit: Unit, day: date) -> UnitDay:
    """Work out one unit's day with its limits: floor <= level <= ceiling, except where an outage comes unforeseen."""
    levels = unit_levels(world, unit, day)
    ceiling = max(unit.generation_mw, max(levels))
    floor = min(unit.demand_mw - 1, min(levels) - 1)
    after = ceiling
    change = 0
    draw = world.noise(3, unit.index, day.toordinal())
    if draw < 0.15:
        change = 2 + int(draw * 1_000_000) % (period_count(day) - 2)
        highest = max(levels[change - 1 :])
        # 1 unit-day in 100 loses capacity without lowering what it notifies: a breach of its own limit.
        after = max(0, round(highest * 0.6)) if draw < 0.01 else max(highest, round(ceiling * 0.9))
    return UnitDay(unit, levels, (ceiling, after), (floor, min(0, floor + 1) if change % 2 else floor), change)


@lru_cache(maxsize=8)
def day_profile(world: World, day: date) -> list[UnitDay]:
    """Work out the day of every unit: 1,421 at scale 1, about 3 MB, so only the last few days are kept."""
    return [unit_day(world, unit, day) for unit in world.units]
