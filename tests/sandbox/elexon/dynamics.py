"""Dynamic parameters of units: sent when they change, so that a day may have none and a half-hour two of one unit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from tests.sandbox.elexon.clock import day_start, period_at, period_count, stamp
from tests.sandbox.elexon.layout import Documents, Record
from tests.sandbox.elexon.world import World

DYNAMICS = Documents()
CHANGES_PER_DAY = 120  # of one parameter at scale 1; only RDRI's rate is known, about one a day and sparse
# Code: the keys of its value and the span of their values.
PARAMETERS: dict[str, tuple[str, int, int]] = {
    "MDP": ("periodMax", 30, 360),
    "MDV": ("volumeMax", 5, 400),
    "MNZT": ("periodMin", 1, 360),
    "MZT": ("periodMin", 1, 480),
    "NDZ": ("notice", 0, 600),
    "NTB": ("notice", 1, 90),
    "NTO": ("notice", 1, 90),
    "SEL": ("level", 0, 250),
    "SIL": ("level", -250, 0),
    "RDRE": ("rate1", 1, 999),
    "RDRI": ("rate1", 1, 999),
    "RURE": ("rate1", 1, 999),
    "RURI": ("rate1", 1, 999),
}


def dynamic_parameter(code: str) -> Callable[[World, date, range], Iterator[Record]]:
    """Make the set of one parameter: 120 rows a day at scale 1, at least two, and none on one day in seven."""
    key, low, high = PARAMETERS[code]
    stream = 400 + list(PARAMETERS).index(code)

    def generate(world: World, day: date, periods: range) -> Iterator[Record]:
        ordinal = day.toordinal()
        if (ordinal + stream) % 7 == 5:
            return
        for k in range(max(2, round(CHANGES_PER_DAY * world.scale * period_count(day) / 48))):
            draw = world.noise(stream, ordinal, k // 2)
            # Every second change follows another of the same unit by a minute, mostly in the same half-hour.
            instant = day_start(day) + int(draw * (period_count(day) * 1_800 - 120)) // 60 * 60 + k % 2 * 60
            _, period = period_at(instant)
            unit = world.units[(ordinal + k // 2 * 11) % len(world.units)]  # another one for every pair of changes
            if period not in periods:
                continue
            value = low + int(world.noise(stream, ordinal, k, 1) * (high - low))
            record: dict[str, object] = {
                "dataset": code,
                "settlementDate": day.isoformat(),
                "settlementPeriod": period,
                "time": stamp(instant),
                **(_rates(value, ordinal) if key == "rate1" else {key: value}),
                "nationalGridBmUnit": unit.name,
                "bmUnit": unit.bm_unit,
            }
            yield {name: shown for name, shown in record.items() if shown is not None}

    return generate


def _rates(value: int, ordinal: int) -> dict[str, object]:
    """Up to three rates. On most days nobody has a second one, so its keys are absent from the whole day."""
    if ordinal % 4:
        return {"rate1": value / 10}
    rates: dict[str, object] = {"rate1": value / 10, "elbow2": -1, "rate2": 0.2}
    return rates if value % 2 else rates | {"elbow3": -2, "rate3": 999}
