"""DISEBSP and MID: the imbalance price of each period and the short-term market's price beside it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from tests.sandbox.elexon.clock import day_start, period_start, stamp
from tests.sandbox.elexon.layout import Columns, Documents, Record
from tests.sandbox.elexon.world import World, edges

MID = Columns("MID", "startTime:s dataProvider:s settlementDate:s settlementPeriod:d price:f volume:f")
DISEBSP = Documents()


def market_price(world: World, day: date, period: int) -> float:
    """Give the wholesale price of a period, GBP/MWh: dear at the evening peak, cheap or negative when it blows."""
    start, _ = world.daily(50, day, 60, 110)
    curve = edges("load", 50)
    return start * (0.3 - curve[min(period, 50) - 1]) - 110 * max(0.0, world.wind(day) - 0.35)


def system_prices(world: World, day: date, periods: range) -> Iterator[Record]:
    """DISEBSP: 48 rows a day. Sell price = buy price; volumes in MWh; settled again on the next day."""
    text = day.isoformat()
    ordinal = day.toordinal()
    settled = stamp(day_start(day + timedelta(days=1)) + 41_472)
    for period in periods:
        draw = world.noise(51, ordinal, period)
        imbalance = round(1_000 * (draw - 0.5) + 150 * (world.noise(52, ordinal) - 0.5), 4)
        price = round(market_price(world, day, period) + imbalance * 0.18, 5)
        offers = round(200 + 500 * world.noise(53, ordinal, period), 4)
        bids = round(offers - imbalance - 40, 4)
        priced = draw >= 0.02
        yield {
            "settlementDate": text,
            "settlementPeriod": period,
            "startTime": stamp(period_start(day, period)),
            "createdDateTime": settled,
            "systemSellPrice": price,
            "systemBuyPrice": price,
            "bsadDefaulted": False,
            "priceDerivationCode": "P" if priced else "N",
            "reserveScarcityPrice": 0.0,
            "netImbalanceVolume": imbalance,
            "sellPriceAdjustment": 0.0,
            "buyPriceAdjustment": 0.0,
            # The settlement routes write their nulls out, unlike the datasets.
            "replacementPrice": round(price * 0.9, 5) if draw > 0.6 else None,
            "replacementPriceReferenceVolume": 1.0 if draw > 0.6 else None,
            "totalAcceptedOfferVolume": offers,
            "totalAcceptedBidVolume": -bids if bids > 0 else 0.0,
            "totalAdjustmentSellVolume": 0.0 if draw < 0.7 else -round(draw * 120, 4),
            "totalAdjustmentBuyVolume": 40.0,
            "totalSystemTaggedAcceptedOfferVolume": round(offers * 0.4, 4),
            "totalSystemTaggedAcceptedBidVolume": -round(max(0.0, bids) * 0.6, 4),
            "totalSystemTaggedAdjustmentSellVolume": None,
            "totalSystemTaggedAdjustmentBuyVolume": 40.0,
        }


def market_index(world: World, day: date, periods: range) -> Iterator[Record]:
    """MID: two providers x 48 periods. N2EX often has neither price nor volume: 0 and 0."""
    text = day.isoformat()
    ordinal = day.toordinal()
    for period in periods:
        start = stamp(period_start(day, period))
        price = round(market_price(world, day, period), 2)
        volume = round(500 + 1_500 * world.noise(54, ordinal, period), 2)
        quiet = world.noise(55, ordinal, period) < 0.7
        n2ex = (0.0, 0.0) if quiet else (round(price * 1.01, 2), round(volume / 4, 2))
        yield (start, "APXMIDP", text, period, price, volume)
        yield (start, "N2EXMIDP", text, period, *n2ex)
