"""Random acceptances of units that no publisher knows, and their volumes by an integration second by second.

It shares no line with the models: what they give for these units must be the same.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from tests.warehouses import Target

# The short day of spring, and the day after it: between them lie a midnight of London and the border of two batches.
PERIODS = [("2024-03-31", period) for period in range(1, 47)] + [("2024-04-01", period) for period in range(1, 49)]
BEGIN = datetime(2024, 3, 31, tzinfo=UTC)
HALF_HOUR = 1800
LENGTH = len(PERIODS) * HALF_HOUR
UNITS = {"CALM-1": 5, "BUSY-1": 60, "STORM-1": 250}  # and how often each is called

SYSTEM_UNIT = "STORM-1"  # all of its acceptances are flagged

Volumes = dict[tuple[str, int, str, str], float]


@dataclass(frozen=True)
class Segment:
    """A straight stretch of a level: seconds after BEGIN, MW."""

    start: int
    end: int
    level_from: float
    level_to: float

    def middles(self) -> Iterator[tuple[int, float]]:
        """Each second with the level at its middle: summed, that is the integral of a straight line."""
        slope = (self.level_to - self.level_from) / (self.end - self.start)
        for second in range(max(self.start, 0), min(self.end, LENGTH)):
            yield second, self.level_from + slope * (second + 0.5 - self.start)


@dataclass(frozen=True)
class Acceptance:
    accepted: int
    number: int
    segments: list[Segment]


def notifications(draw: random.Random) -> list[Segment]:
    """A level for each second of both days, cut at the periods and within them, with jumps."""
    edges = sorted(set(range(0, LENGTH + 1, HALF_HOUR)) | set(draw.sample(range(60, LENGTH, 60), 150)))
    found: list[Segment] = []
    for start, end in pairwise(edges):
        before = found[-1].level_to if found and draw.random() < 0.8 else draw.uniform(-200, 400)
        found.append(Segment(start, end, before, draw.uniform(-200, 400)))
    return found


def acceptances(draw: random.Random, count: int) -> list[Acceptance]:
    """Instructions that overlap, reach over periods and midnight, some accepted in one and the same minute."""
    found = []
    for number in draw.sample(range(1000), count):
        start = draw.randrange(-30, LENGTH // 60 - 60) * 60
        edges = [start]
        for _ in range(draw.randint(1, 5)):
            edges.append(edges[-1] + 60 * draw.choice([1, 3, 7, 30, 45, 100]))
        levels = [draw.choice([0.0, 50.0, draw.uniform(-200, 400)]) for _ in edges]
        segments = [Segment(*span, *line) for span, line in zip(pairwise(edges), pairwise(levels), strict=True)]
        found.append(Acceptance(draw.randrange(start - 3600, start, 900), number, segments))
    return found


def integrated(unit: str, notified: list[Segment], accepted: list[Acceptance]) -> tuple[Volumes, Volumes]:
    """MWh and accepted seconds by period and side. Later acceptances paint over earlier ones."""
    level = [0.0] * LENGTH
    for segment in notified:
        for second, mw in segment.middles():
            level[second] = mw
    standing: list[float | None] = [None] * LENGTH
    for acceptance in sorted(accepted, key=lambda one: (one.accepted, one.number)):
        for segment in acceptance.segments:
            for second, mw in segment.middles():
                standing[second] = mw
    volumes: Volumes = defaultdict(float)
    seconds: Volumes = defaultdict(float)
    for second, mw in enumerate(standing):
        if mw is not None:
            period = PERIODS[second // HALF_HOUR]
            for side, moved in (("offer", max(mw - level[second], 0)), ("bid", min(mw - level[second], 0))):
                volumes[*period, unit, side] += moved / 3600
                seconds[*period, unit, side] += 1
    return volumes, seconds


def store_drawn(target: Target, seed: int) -> tuple[Volumes, Volumes]:
    """Put all units into the raw tables, and give their volumes and accepted seconds by period, unit and side."""
    draw = random.Random(seed)
    volumes: Volumes = {}
    seconds: Volumes = {}
    for unit, count in UNITS.items():
        notified, accepted = notifications(draw), acceptances(draw, count)
        store(target, draw, unit, notified, accepted)
        for whole, part in zip((volumes, seconds), integrated(unit, notified, accepted), strict=True):
            whole.update(part)
    return volumes, seconds


def store(target: Target, draw: random.Random, unit: str, notified: list[Segment], accepted: list[Acceptance]) -> None:
    """Insert both as they are published: notifications by period, acceptances by the day on which a segment starts."""
    pn = [
        (
            *PERIODS[segment.start // HALF_HOUR],
            unit,
            instant(segment.start),
            instant(segment.end),
            segment.level_from,
            segment.level_to,
        )
        for segment in notified
    ]
    columns = "settlement_date, settlement_period, national_grid_bm_unit, from_at, to_at, level_from_mw, level_to_mw"
    insert(target, f"raw.elexon__pn ({columns})", pn)
    boalf = [
        (
            day_of(segment.start),
            unit,
            instant(segment.start),
            instant(segment.end),
            segment.level_from,
            segment.level_to,
            acceptance.number,
            instant(acceptance.accepted),
            unit == SYSTEM_UNIT,
        )
        for acceptance in accepted
        for segment in acceptance.segments
    ]
    draw.shuffle(boalf)
    columns = (
        "settlement_date, national_grid_bm_unit, from_at, to_at, level_from_mw, level_to_mw, acceptance_number, "
        "accepted_at, is_system_action"
    )
    insert(target, f"raw.elexon__boalf ({columns})", boalf)


def insert(target: Target, into: str, rows: list[tuple[object, ...]]) -> None:
    values = ", ".join("(" + ", ".join(f"'{value}'" for value in row) + ")" for row in rows)
    target.execute(f"INSERT INTO {into} VALUES {values}")


def instant(second: int) -> str:
    return (BEGIN + timedelta(seconds=second)).isoformat()


def day_of(second: int) -> str:
    """The settlement day of a second; the day before is a London day of 24 hours too."""
    if second < 0:
        return "2024-03-30"
    return PERIODS[second // HALF_HOUR][0] if second < LENGTH else "2024-04-02"
