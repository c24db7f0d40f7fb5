"""How often and where a half-hour is cut into segments, so that a day has the published number of rows.

Counts are exact, not drawn: unit and period step through a fixed table, which keeps every day within a percent.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from tests.sandbox.elexon.clock import HALF_HOUR, period_start, stamp

# Minutes at which a half-hour is cut: one segment first, then two to six, with several variants of two.
CUTS = [
    (0, 30),
    (0, 10, 30),
    (0, 15, 30),
    (0, 22, 30),
    (0, 1, 30),
    (0, 5, 20, 30),
    (0, 12, 18, 30),
    (0, 5, 10, 15, 30),
    (0, 4, 11, 19, 26, 30),
    (0, 3, 8, 14, 20, 25, 30),
]
# How the cut half-hours divide over those patterns; on average they have 2.875 segments.
SHARES = [0.20, 0.20, 0.10, 0.05, 0.12, 0.08, 0.125, 0.075, 0.05]
TABLE_SIZE = 1_000
STEP = 617  # coprime with the table's size: consecutive periods visit all of it evenly

# (start, end, share of the rise at the start, and at the end, in thirtieths of the half-hour)
Piece = tuple[str, str, int, int]


@lru_cache(maxsize=16)
def cut_table(mean: float) -> list[int]:
    """List 1,000 places of CUTS with `mean` segments on average."""
    cut = (mean - 1) / (sum(share * (len(CUTS[k + 1]) - 1) for k, share in enumerate(SHARES)) - 1)
    table: list[int] = []
    reached = 0.0
    for place, share in enumerate(SHARES, start=1):
        reached += share * cut * TABLE_SIZE
        table += [place] * (round(reached) - len(table))
    return table + [0] * (TABLE_SIZE - len(table))


def table_offset(index: int, day: date) -> int:
    """Give where a unit's day begins in the table."""
    return (index * 50 + day.toordinal() * 7) * STEP


@lru_cache(maxsize=512)
def pieces(day: date, period: int) -> list[list[Piece]]:
    """Cut one period by every pattern. A rise happens between the first and the last cut: flat, ramp, flat."""
    start = period_start(day, period)
    return [[_piece(start, cuts, k) for k in range(len(cuts) - 1)] for cuts in CUTS]


def _piece(start: int, cuts: tuple[int, ...], k: int) -> Piece:
    ramp_from = cuts[1] if len(cuts) > 2 else 0
    ramp_to = cuts[-2] if len(cuts) > 3 else 30

    def risen(minute: int) -> int:
        return 30 * (min(max(minute, ramp_from), ramp_to) - ramp_from) // (ramp_to - ramp_from)

    assert cuts[-1] * 60 == HALF_HOUR
    return stamp(start + cuts[k] * 60), stamp(start + cuts[k + 1] * 60), risen(cuts[k]), risen(cuts[k + 1])
