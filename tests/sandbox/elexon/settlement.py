"""BOAV, EBOCF, DISBSAD, NETBSAD and QAS: what the acceptances came to, and what was bought beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import lru_cache

from tests.sandbox.elexon.balancing import acceptances, accepted_steps, dispatched, unit_pairs
from tests.sandbox.elexon.clock import day_start, period_count, period_start, stamp
from tests.sandbox.elexon.layout import Columns, Documents, Record
from tests.sandbox.elexon.profile import UnitDay
from tests.sandbox.elexon.world import World

BOAV = EBOCF = DISBSAD = Documents()
NETBSAD = Columns(
    "NETBSAD",
    "settlementDate:s settlementPeriod:d netBuyPriceCostAdjustmentEnergy:f netBuyPriceVolumeAdjustmentEnergy:f "
    "netBuyPriceVolumeAdjustmentSystem:f buyPricePriceAdjustment:f netSellPriceCostAdjustmentEnergy:f "
    "netSellPriceVolumeAdjustmentEnergy:f netSellPriceVolumeAdjustmentSystem:f sellPricePriceAdjustment:f",
)
QAS = Columns(
    "QAS",
    "settlementDate:s settlementPeriod:d bmUnitApplicableBalancingServicesVolume:f nationalGridBmUnit:s bmUnit:s",
)
PAIRS = [f"{sign}{rank}" for rank in range(1, 7) for sign in ("negative", "positive")]
ADJUSTMENTS_PER_DAY = 373
SERVICE_VOLUMES_PER_DAY = 400
SHORT_MINUTES = 15  # an acceptance up to here does not set the price

# unit, number of the acceptance, minutes that it lasts, period, MWh taken up and down
Volumes = list[tuple[UnitDay, int, int, int, float, float]]


@lru_cache(maxsize=2)  # the other side's request asks for the same day
def accepted_volumes(world: World, day: date) -> Volumes:
    """Integrate a day's acceptances against what stood before: each one's own MWh by period, up and down.

    By the minute, with straight lines in between. Segments of the day before that reach over midnight count here.
    """
    yesterday = day - timedelta(days=1)
    minutes = period_count(day) * 30
    anchors = [(yesterday, period_count(yesterday) * 30)] if world.published(yesterday) else []
    standing: dict[int, dict[int, float]] = {}  # by unit: the level at each minute that an acceptance has moved
    volumes: Volumes = []
    notified = {item.unit.index: item for item, _ in dispatched(world, day)}
    for anchor, offset in [*anchors, (day, 0)]:
        for item, count in dispatched(world, anchor):
            today = notified.get(item.unit.index)
            if today is None or item.unit.bm_unit is None:
                continue
            for taken in acceptances(world, item, anchor, count):
                if taken.start + taken.length <= offset:
                    continue
                moved = standing.setdefault(item.unit.index, {})
                up, down = [0.0] * period_count(day), [0.0] * period_count(day)
                for begins, ends, first, last in accepted_steps(item, taken):
                    for minute in range(max(0, begins - offset), min(minutes, ends - offset)):
                        a, b = (
                            first + (last - first) * (minute + k + offset - begins) / (ends - begins) for k in (0, 1)
                        )
                        before = a - moved.get(minute, _notified(today.levels, minute))
                        after = b - moved.get(minute + 1, _notified(today.levels, minute + 1))
                        up[minute // 30] += (max(before, 0) + max(after, 0)) / 120
                        down[minute // 30] += (min(before, 0) + min(after, 0)) / 120
                        moved[minute] = a
                for period in range(1, period_count(day) + 1):
                    if up[period - 1] or down[period - 1]:
                        at = item, taken.number, taken.length, period
                        volumes.append((*at, up[period - 1], down[period - 1]))
    return volumes


def _notified(levels: list[int], minute: int) -> float:
    period, rest = divmod(minute, 30)
    return levels[period] + (levels[period + 1] - levels[period]) * rest / 30 if rest else levels[period]


def settled_volumes(side: str) -> Callable[[World, date, range], Iterator[Record]]:
    """Make BOAV's side: a row per acceptance and period. These routes write their nulls out."""

    def generate(world: World, day: date, periods: range) -> Iterator[Record]:
        for item, number, length, period, up, down in accepted_volumes(world, day):
            volume = round(up if side == "offer" else down, 3)
            if period in periods and volume:
                yield {
                    "createdDateTime": stamp(day_start(day + timedelta(days=1)) + 12_672),
                    **_where(day, period),
                    **_unit(item),
                    "acceptanceId": number,
                    "acceptanceDuration": "S" if length <= SHORT_MINUTES else "L",
                    "totalVolumeAccepted": volume,
                    "pairVolumes": _pairs(side, volume),
                }

    return generate


def cashflows(side: str) -> Callable[[World, date, range], Iterator[Record]]:
    """Make EBOCF's side: a row per unit and period, at the price of the first pair. A bid's unit mostly pays."""

    def generate(world: World, day: date, periods: range) -> Iterator[Record]:
        sums: dict[tuple[int, str], tuple[UnitDay, float]] = {}
        for item, _, _, period, up, down in accepted_volumes(world, day):
            volume = up if side == "offer" else down
            key = period, item.unit.name
            sums[key] = item, sums.get(key, (item, 0.0))[1] + volume
        for (period, _), (item, volume) in sorted(sums.items(), key=lambda one: one[0]):
            if period in periods and round(volume, 3):
                prices = {rank: (offer, bid) for rank, offer, bid, _ in unit_pairs(world, item, day)}
                price = prices[1][0] if side == "offer" else prices[-1][1]
                yield {
                    **_where(day, period),
                    "createdDateTime": stamp(day_start(day + timedelta(days=1)) + 12_672),
                    **_unit(item),
                    "bidOfferPairCashflows": _pairs(side, round(volume * price, 4)),
                    "totalCashflow": round(volume * price, 4),
                }

    return generate


def _where(day: date, period: int) -> dict[str, object]:
    return {
        "settlementDate": day.isoformat(),
        "settlementPeriod": period,
        "startTime": stamp(period_start(day, period)),
    }


def _unit(item: UnitDay) -> dict[str, object]:
    unit = item.unit
    return {
        "bmUnit": unit.bm_unit,
        "bmUnitType": unit.kind,
        "leadPartyName": f"Party {unit.index % 120:03d} Limited",
        "nationalGridBmUnit": unit.name,
    }


def _pairs(side: str, value: float) -> dict[str, object]:
    first = "positive1" if side == "offer" else "negative1"
    return dict.fromkeys(PAIRS) | {first: value}


# --- beside the mechanism --------------------------------------------------------------------------------------------


def adjustment_actions(world: World, day: date, periods: range) -> Iterator[Record]:
    """DISBSAD: 373 rows a day at scale 1, numbered anew in each period; cost and owner are not always known."""
    ordinal = day.toordinal()
    count = max(24, round(ADJUSTMENTS_PER_DAY * world.scale * period_count(day) / 48))
    for k in range(count):
        period = 1 + k * period_count(day) // count
        if period not in periods:
            continue
        number = 1 + k - -(-(period - 1) * count // period_count(day))
        draw = int(world.noise(80, ordinal, k) * 1e9)
        volume = (1 if draw % 3 else -1) * (5 + draw // 7 % 400) / 4
        stor = draw % 11 == 0
        record: dict[str, object] = {
            "dataset": "DISBSAD",
            "settlementDate": day.isoformat(),
            "settlementPeriod": period,
            "id": number,
            "cost": round(volume * (40 + draw // 13 % 90), 2) if draw % 10 else None,
            "volume": volume,
            "soFlag": draw % 2 == 0,
            "storFlag": stor,
            "partyId": f"Trader {draw // 17 % 12:02d} Limited" if draw % 4 else None,
            "assetId": f"ING-{draw // 19 % 40:02d}" if draw % 4 else None,
            "isTendered": draw % 5 == 0,
            "service": "STOR" if stor else ("Energy", "System")[draw % 2] if draw % 7 else None,
        }
        yield {key: value for key, value in record.items() if value is not None}


def net_adjustment(world: World, day: date, periods: range) -> Iterator[Record]:
    """NETBSAD: 48 rows a day, mostly zeros."""
    for period in periods:
        draw = world.noise(81, day.toordinal(), period)
        volume = round(max(0.0, draw - 0.7) * 200, 3)
        yield (day.isoformat(), period, round(volume * 80, 2), volume, 0.0, 0.0, 0.0, 0.0, -round(volume / 3, 3), 0.0)


def service_volumes(world: World, day: date, periods: range) -> Iterator[Record]:
    """QAS: volumes other than zero, 400 a day at scale 1, at least two."""
    count = max(2, round(SERVICE_VOLUMES_PER_DAY * world.scale))
    for k in range(count):
        period = 1 + k * period_count(day) // count
        unit = world.units[(day.toordinal() + k) % len(world.units)]
        if period in periods:
            volume = round(40 * (world.noise(82, day.toordinal(), k) - 0.45), 3)
            yield (day.isoformat(), period, volume, *unit.ident)
