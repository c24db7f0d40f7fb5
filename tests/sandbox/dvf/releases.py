"""What a release changes: every one rewrites every year, and a few sales of it are gone, new or corrected."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from random import Random

CYCLE = 400  # sales of which a release removes 2, corrects 4 and adds 2
GONE, NEW, PRICE, GROUND, SHORTER = "gone", "new", "price", "ground", "shorter"
CHANGES = [GONE, GONE, NEW, NEW, PRICE, PRICE, GROUND, SHORTER]

# What becomes of one sale in CYCLE, by release: [(change, release that made it), ...]
Plan = list[list[tuple[str, int]]]


def changes(seed: int, year: int, release: int) -> Plan:
    """List what the releases 2 to `release` did to each place of the cycle: a change stays in the releases after it."""
    plan: Plan = [[] for _ in range(CYCLE)]
    for past in range(2, release + 1):
        places = Random(f"release {seed} {year} {past}").sample(range(CYCLE), len(CHANGES))
        for place, change in zip(places, CHANGES, strict=True):
            plan[place].append((change, past))
    return plan


def last_modified(year: int, release: int) -> str:
    """Date a file: its first release is of the April after its year, then one each October and April."""
    semester = release - 1
    moment = datetime(year + 1 + semester // 2, 10 if semester % 2 else 4, 8, 9, 30, tzinfo=UTC)
    return format_datetime(moment, usegmt=True)
