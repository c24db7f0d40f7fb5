"""BOD and BOALF: the prices at which each unit would move, and the moves that the system operator accepted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from tests.sandbox.elexon.clock import day_start, period_count, stamp
from tests.sandbox.elexon.layout import Columns, Documents, Record
from tests.sandbox.elexon.physical import UNIT_COLUMNS
from tests.sandbox.elexon.profile import UnitDay, day_profile
from tests.sandbox.elexon.segments import pieces
from tests.sandbox.elexon.world import World

BOD = Columns(
    "BOD",
    "settlementDate:s settlementPeriod:d timeFrom:s levelFrom:d timeTo:s levelTo:d pairId:d offer:f bid:f "
    + UNIT_COLUMNS,
)
BOALF = Documents()

# Pairs per side by unit, repeated over the list: with 6 units in 7 that gives 169,000 rows a day.
DEPTHS = [5] + [1] * 15 + [2] * 5 + [1] * 13 + [3] * 3 + [1] * 6 + [4] + [2] * 6 + [1] * 4
MARGINAL_COST = {"WIND": -60.0, "NUCLEAR": 10.0, "NPSHYD": 35.0, "BIOMASS": 70.0, "CCGT": 85.0, "PS": 95.0}
DO_NOT_CALL = 99_999.0

Pair = tuple[int, float, float, int]  # pairId, offer and bid in GBP/MWh, band in MW (negative below the level)


def unit_pairs(world: World, item: UnitDay, day: date) -> list[Pair]:
    """Price one unit's bands for a day, best first above and below. Offer is never under bid."""
    unit = item.unit
    depth = DEPTHS[unit.index % len(DEPTHS)]
    cost = MARGINAL_COST.get(unit.fuel or "", 110.0)
    cost += 30 * (world.noise(20, unit.index, day.toordinal()) - 0.5)
    band = max(1, unit.generation_mw // depth) if unit.generation_mw else 0
    pairs: list[Pair] = []
    for rank in [-k for k in range(depth, 0, -1)] + list(range(1, depth + 1)):
        offer, bid = (
            (cost + 40 * rank, cost + 40 * rank - 25) if rank > 0 else (cost + 15 * rank + 20, cost + 15 * rank)
        )
        if depth > 1 and abs(rank) == depth:
            offer, bid = (DO_NOT_CALL, bid) if rank > 0 else (offer, -DO_NOT_CALL)
        pairs.append((rank, round(offer, 2), round(bid, 2), band if rank > 0 else -band))
    return pairs


def bid_offer_data(world: World, day: date, periods: range) -> Iterator[Record]:
    """BOD: 169,000 rows a day at scale 1."""
    text = day.isoformat()
    units = [
        (item.unit.ident, unit_pairs(world, item, day)) for item in day_profile(world, day) if item.unit.index % 7 != 6
    ]
    for period in periods:
        start, end = pieces(day, period)[0][0][:2]
        for ident, pairs in units:
            for pair, offer, bid, band in pairs:
                yield (text, period, start, band, end, band, pair, offer, bid, *ident)


# --- acceptances -----------------------------------------------------------------------------------------------------

# Segments of one acceptance, in turn: 3.6 on average.
SEGMENTS = [3, 4, 4, 3, 4, 5, 3, 4, 2, 4]
ROWS_PER_DAY = 16_000
DISPATCHED = {"WIND", "CCGT", "NPSHYD", "OCGT", "PS", "BIOMASS", "COAL", "OTHER"}


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One instruction. Minutes count from the start of its settlement day."""

    number: int
    accepted: int
    start: int
    length: int
    segments: int
    draw: int


def acceptances(world: World, item: UnitDay, day: date, count: int) -> list[Acceptance]:
    """List a unit's acceptances of a day. Every second one overlaps the one before; some end after midnight."""
    minutes = period_count(day) * 30
    ordinal = day.toordinal()
    found: list[Acceptance] = []
    slot = minutes // max(1, count)
    for k in range(count):
        draw = int(world.noise(21, item.unit.index, ordinal, k) * 1e12)
        length = 16 + draw % 80
        start = k * slot + 20 + draw // 80 % max(1, slot - 60)
        if k % 2:
            before = found[-1]
            start = before.start + max(10, before.length // 2)
        if k == count - 1 and (item.unit.index + ordinal) % 3 == 0:
            start = max(minutes - 12, found[-1].start + 10 if found else 0)
        # The later acceptance stands, so the order of acceptance follows the order of the starts.
        accepted = max(start - 2 - draw // 7 % 14, found[-1].accepted + 1 if found else -60)
        segments = SEGMENTS[(item.unit.index * 7 + ordinal * 3 + k) % len(SEGMENTS)]
        number = (ordinal - 735_000) * 40 + k  # the unit's own series; no unit has 40 in a day
        found.append(Acceptance(number, accepted, start, length, segments, draw))
    return found


def dispatched(world: World, day: date) -> list[tuple[UnitDay, int]]:
    """List the units that are instructed on a day with how often, so that the day has its 16,000 rows."""
    active = [
        item
        for item in day_profile(world, day)
        if item.unit.fuel in DISPATCHED or (item.unit.fuel is None and item.unit.kind in "EV")
    ]
    wanted = ROWS_PER_DAY * world.scale * period_count(day) / 48 / (sum(SEGMENTS) / len(SEGMENTS))
    each = wanted / len(active)
    return [(item, int((k + 1) * each) - int(k * each)) for k, item in enumerate(active)]


def _level(item: UnitDay, minute: int) -> int:
    """Give the notified level nearest to a minute of the day."""
    return item.levels[min(max(0, minute // 30), len(item.levels) - 1)]


def accepted_steps(item: UnitDay, taken: Acceptance) -> Iterator[tuple[int, int, int, int]]:
    """Yield one acceptance's segments: first and last minute of its day, MW at both."""
    unit = item.unit
    low, high = min(0, item.floor[1]), max(0, min(item.ceiling))
    notified = _level(item, taken.start)
    # Wind is mostly turned down, the others go either way.
    down = taken.draw // 11 % 10 < (9 if unit.fuel == "WIND" else 5)
    target = notified - (notified - low) * (3 + taken.draw % 7) // 10 if down else notified + (high - notified) // 2
    levels = [notified, target, target, _level(item, taken.start + taken.length)]
    for k in range(taken.segments):
        begins = taken.start + taken.length * k // taken.segments
        ends = taken.start + taken.length * (k + 1) // taken.segments
        yield begins, ends, levels[min(k, 3)], levels[min(k + 1, 3)]


def _segments(
    item: UnitDay, day: date, taken: Acceptance
) -> Iterator[tuple[tuple[date, int], tuple[date, int], Record]]:
    """Yield one acceptance's segments with the settlement periods in which they start and end."""
    unit = item.unit
    base = day_start(day)
    minutes = period_count(day) * 30
    tomorrow = day + timedelta(days=1)

    def period(minute: int) -> tuple[date, int]:
        return (day, minute // 30 + 1) if minute < minutes else (tomorrow, (minute - minutes) // 30 + 1)

    system = taken.draw // 13 % 20 < (19 if unit.fuel == "WIND" else 3)
    for begins, ends, level_from, level_to in accepted_steps(item, taken):
        first, last = period(begins), period(ends)
        record: dict[str, object] = {
            "dataset": "BOALF",
            "settlementDate": first[0].isoformat(),
            "settlementPeriodFrom": first[1],
            "settlementPeriodTo": last[1],
            "timeFrom": stamp(base + begins * 60),
            "timeTo": stamp(base + ends * 60),
            "levelFrom": level_from,
            "levelTo": level_to,
            "acceptanceNumber": taken.number,
            "acceptanceTime": stamp(base + taken.accepted * 60),
            "deemedBoFlag": taken.draw % 97 == 0,
            "soFlag": system,
            "amendmentFlag": "ORI",
            "storFlag": taken.draw % 89 == 0,
            "rrFlag": False,
            "nationalGridBmUnit": unit.name,
        }
        if taken.draw % 31 == 0:
            del record["amendmentFlag"]  # null at the source, and so absent
        if unit.bm_unit is not None:
            record["bmUnit"] = unit.bm_unit
        yield first, last, record


def acceptance_levels(world: World, day: date, periods: range) -> Iterator[Record]:
    """BOALF: the segments that start on this day and touch the wanted periods. 16,000 rows at scale 1."""
    yesterday = day - timedelta(days=1)
    for anchor in (yesterday, day) if world.published(yesterday) else (day,):
        for item, count in dispatched(world, anchor):
            for taken in acceptances(world, item, anchor, count):
                if anchor != day and not _reaches_midnight(taken, anchor):
                    continue
                for first, last, record in _segments(item, anchor, taken):
                    if first[0] == day and first[1] <= periods[-1] and (last[0] > day or last[1] >= periods[0]):
                        yield record


def carried_levels(world: World, day: date, periods: range) -> Iterator[Record]:
    """BOALF: yesterday's segments that reach into the wanted periods. An end on midnight touches period 1."""
    yesterday = day - timedelta(days=1)
    if not world.published(yesterday):
        return
    for item, count in dispatched(world, yesterday):
        for taken in acceptances(world, item, yesterday, count):
            if _reaches_midnight(taken, yesterday):
                for first, last, record in _segments(item, yesterday, taken):
                    if first[0] == yesterday and last[0] == day and last[1] >= periods[0]:
                        yield record


def _reaches_midnight(taken: Acceptance, day: date) -> bool:
    return taken.start + taken.length >= period_count(day) * 30
