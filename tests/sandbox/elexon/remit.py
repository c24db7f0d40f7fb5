"""REMIT: outage messages. One message has several revisions over days; nested profiles; null fields are left out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from tests.sandbox.elexon.clock import DAY, stamp, utc_midnight
from tests.sandbox.elexon.layout import Documents, Record
from tests.sandbox.elexon.units import Unit
from tests.sandbox.elexon.world import World

REMIT = Documents()
# Chains begun a day: revision counts 1 to 6 in turn make 3.5 messages of each, so 400 a day.
CHAINS_PER_DAY = 400 / 3.5
LONGEST_CHAIN = 15  # days from the first to the last revision: five gaps of three days
END_OF_TIME = 2_556_143_999  # 2050-12-31T23:59:59Z, as some participants write "until further notice"
FUEL_WORDS = {
    "CCGT": "Fossil Gas",
    "OCGT": "Fossil Gas",
    "COAL": "Fossil Hard coal",
    "NUCLEAR": "Nuclear",
    "BIOMASS": "Biomass",
    "PS": "Hydro Pumped Storage",
    "WIND": "Wind Offshore",
    "NPSHYD": "Hydro Run-of-river and poundage",
    "OTHER": "Other",
}
CAUSES = ["Planned Outage", "Mechanical", "Operational", "Commissioning", 'Unit trip; "investigating"', "Other"]
TEXTS = [
    "Status changed to Cancelled",
    "\n",
    "Forward Profile:<br>485MW<br>0MW<br>",
    "Return to service: £0, 08:00 to 10:00",
]


def chain_numbers(world: World, day: date) -> range:
    """List the numbers of the messages that begin on a day."""
    per_day = CHAINS_PER_DAY * world.scale
    elapsed = day.toordinal() - date(2016, 1, 1).toordinal()
    return range(int(elapsed * per_day), int((elapsed + 1) * per_day))


def remit_messages(world: World, day: date, wanted: range) -> Iterator[Record]:
    """REMIT: every revision published on a UTC day, 400 at scale 1; a day may be empty at a small scale."""
    plants = [unit for unit in world.units if unit.fuel in FUEL_WORDS]
    midnight = utc_midnight(day)
    for back in range(LONGEST_CHAIN, -1, -1):
        begun = day - timedelta(days=back)
        for chain in chain_numbers(world, begun):
            gap = chain // 6 % 4
            for revision in range(1, chain % 6 + 2):
                if (revision - 1) * gap == back:
                    published = midnight + publication_second(chain, revision)
                    if published in wanted:
                        plant = plants[int(world.noise(60, chain) * len(plants))]
                        yield message(world, plant, begun, chain, revision, published)


def publication_second(chain: int, revision: int) -> int:
    """Give the second of the day at which a revision appears; later revisions later; some at midnight exactly."""
    if revision == 1 and chain % 12 == 0:
        return 0
    return (chain * 7_919 % 40_000) + 5_000 * revision


def message(world: World, plant: Unit, begun: date, chain: int, revision: int, published: int) -> dict[str, object]:
    """Write one revision. Key order as published; 28 keys at most, 9 of them not always there."""
    draw = int(world.noise(61, chain) * 1e9)
    start = utc_midnight(begun) + 3_600 * (draw % 200)
    end = END_OF_TIME if draw % 40 == 0 else start + 3_600 * (6 + draw // 200 % 900) + 1_800 * revision
    capacity = float(plant.generation_mw)
    left = float(plant.generation_mw * (draw // 50 % 4) // 5)
    planned = draw % 3 > 0
    last = revision == chain % 6 + 1
    record: dict[str, object] = {
        "id": 100_000 + chain * 6 + revision,
        "dataset": "REMIT",
        "mrid": f"48X{plant.index:012d}S-NGET-RMT-{chain:08d}",
        "revisionNumber": revision,
        "publishTime": stamp(published),
        "createdTime": stamp(published - draw % 240),
        "messageType": "UnavailabilitiesOfElectricityFacilities",
        "messageHeading": "Planned Unavailability of Generation Unit" if planned else "REMIT Information",
        "eventType": "Production unavailability",
        "unavailabilityType": "Planned" if planned else "Unplanned",
        "participantId": f"PARTY{plant.index % 40:02d}",
        "registrationCode": f"48X{plant.index % 40:012d}I",
        "assetId": f"T_{plant.name}",
        "assetType": "Production" if draw % 5 < 3 else None,
        "affectedUnit": plant.name,
        "affectedUnitEIC": f"48W{plant.index:013d}" if draw % 14 else None,
        "affectedArea": ("N", "B1", "B7", "B13")[draw % 4] if draw % 10 < 6 else None,
        "biddingZone": "10YGB----------A",
        "fuelType": FUEL_WORDS[str(plant.fuel)] if draw % 14 else None,
        "normalCapacity": capacity,
        "availableCapacity": left,
        "unavailableCapacity": capacity - left,
        "eventStatus": ("Dismissed" if draw % 4 == 0 else "Inactive") if last and revision > 1 else "Active",
        "eventStartTime": stamp(start),
        "eventEndTime": stamp(end),
        "durationUncertainty": ("+- 1 day", "6 hours", " ")[draw // 9 % 3] if draw % 9 == 0 else None,
        "cause": CAUSES[draw // 7 % len(CAUSES)],
        "relatedInformation": TEXTS[draw // 3 % len(TEXTS)] if draw % 2 else None,
        "outageProfile": profile(start, min(end, start + 20 * DAY), left, 1 + draw // 9 % 6)
        if draw // 8 % 4 == 0
        else None,
    }
    return {key: value for key, value in record.items() if value is not None}


def profile(start: int, end: int, capacity: float, steps: int) -> list[dict[str, object]]:
    """Cut an outage into segments with the MW that remain."""
    return [
        {
            "startTime": stamp(start + (end - start) * k // steps),
            "endTime": stamp(start + (end - start) * (k + 1) // steps),
            "capacity": capacity + 10.0 * k,
        }
        for k in range(steps)
    ]
