"""PN, QPN, MELS and MILS: what each unit intends and can do at most, as segments that cover each half-hour."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from tests.sandbox.elexon.clock import HALF_HOUR, day_start, stamp
from tests.sandbox.elexon.layout import Columns, Record
from tests.sandbox.elexon.profile import day_profile
from tests.sandbox.elexon.segments import STEP, TABLE_SIZE, cut_table, pieces, table_offset
from tests.sandbox.elexon.units import NOTIFYING
from tests.sandbox.elexon.world import World

UNIT_PERIODS = sum(NOTIFYING.values()) * 48
LEVEL_COLUMNS = "settlementDate:s settlementPeriod:d timeFrom:s timeTo:s levelFrom:d levelTo:d"
UNIT_COLUMNS = "nationalGridBmUnit:s bmUnit:s"
PN = Columns("PN", f"{LEVEL_COLUMNS} {UNIT_COLUMNS}")
QPN = Columns("QPN", f"{LEVEL_COLUMNS} {UNIT_COLUMNS}")
MELS = Columns("MELS", f"{LEVEL_COLUMNS} notificationTime:s notificationSequence:d {UNIT_COLUMNS}")
MILS = Columns("MILS", f"{LEVEL_COLUMNS} notificationTime:s notificationSequence:d {UNIT_COLUMNS}")


def physical_notifications(world: World, day: date, periods: range) -> Iterator[Record]:
    """PN: 120,000 rows a day at scale 1 (published: 119,749 on 2025-10-25)."""
    units = [(item.unit.ident, item.levels, table_offset(item.unit.index, day)) for item in day_profile(world, day)]
    return _levels(units, cut_table(120_000 / UNIT_PERIODS), day, periods)


def quiescent_notifications(world: World, day: date, periods: range) -> Iterator[Record]:
    """QPN: 108,000 rows a day at scale 1. Without the market plants would stand still and demand would stay."""
    units = []
    for item in day_profile(world, day):
        levels = item.levels if item.unit.kind == "S" else [0] * len(item.levels)
        units.append((item.unit.ident, levels, table_offset(item.unit.index, day)))
    return _levels(units, cut_table(108_000 / UNIT_PERIODS), day, periods)


def _levels(
    units: list[tuple[tuple[str, ...], list[int], int]], table: list[int], day: date, periods: range
) -> Iterator[Record]:
    text = day.isoformat()
    for period in periods:
        cuts = pieces(day, period)
        step = period * STEP
        start, end = cuts[0][0][:2]
        for ident, levels, offset in units:
            low = levels[period - 1]
            rise = levels[period] - low
            pattern = table[(offset + step) % TABLE_SIZE]
            if not pattern:
                yield (text, period, start, end, low, low + rise, *ident)
                continue
            for begins, ends, risen, reached in cuts[pattern]:
                yield (text, period, begins, ends, low + rise * risen // 30, low + rise * reached // 30, *ident)


def export_limits(world: World, day: date, periods: range) -> Iterator[Record]:
    """MELS: 113,000 rows a day at scale 1."""
    units = [(item.unit.index, item.unit.ident, item.ceiling, item.change) for item in day_profile(world, day)]
    return _limits(units, cut_table(113_000 / UNIT_PERIODS), day, periods)


def import_limits(world: World, day: date, periods: range) -> Iterator[Record]:
    """MILS: 107,000 rows a day at scale 1."""
    units = [(item.unit.index, item.unit.ident, item.floor, item.change) for item in day_profile(world, day)]
    return _limits(units, cut_table(107_000 / UNIT_PERIODS), day, periods)


def _limits(
    units: list[tuple[int, tuple[str, ...], tuple[int, int], int]], table: list[int], day: date, periods: range
) -> Iterator[Record]:
    """Yield constant levels. In the period of a redeclaration the second limit takes over after the first piece."""
    text = day.isoformat()
    midnight = day_start(day)
    sequence = (day.toordinal() - 730_000) * 40_000  # grows by more than a day's notifications, fits 32 bits
    # Limits are notified one to twelve hours ahead of the day, a redeclaration half an hour ahead of its period.
    ahead = [stamp(midnight - hours * 3_600 - 47) for hours in range(1, 13)]
    # An offset of its own keeps these cuts apart from those of the notifications.
    rows = [(ident, limits, change, table_offset(index + 7, day), index) for index, ident, limits, change in units]
    for period in periods:
        cuts = pieces(day, period)
        step = period * STEP
        redeclared = stamp(midnight + (period - 2) * HALF_HOUR + 29)
        for ident, (before, after), change, offset, index in rows:
            pattern = table[(offset + step) % TABLE_SIZE]
            limit = after if change and period > change else before
            notified = ahead[index % 12]
            number = sequence + index * 8
            for place, (begins, ends, _, _) in enumerate(cuts[pattern]):
                if period == change and (place or not pattern):
                    limit, notified, number = after, redeclared, sequence + 20_000 + index * 8
                yield (text, period, begins, ends, limit, limit, notified, number + place, *ident)
