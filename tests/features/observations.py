"""A table with everything that goes wrong in one: nulls, no numbers, ties, constants, month ends, leap days, zones."""

from __future__ import annotations

import hashlib
import math
import random
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa

ROWS = 20_000
FUELS = [
    "gas",
    "wind",
    "solar",
    "coal",
    "hydro",
    "Öl",
    "it's",
    'a "b"',
    "back\\slash",
    "100 %",
    "a; b",
    "two\nlines",
    "",
]
INSTANT = pa.timestamp("us", tz="UTC")
FIRST = datetime(2023, 12, 25, tzinfo=UTC)


def observations(rows: int = ROWS) -> pa.Table:
    """The same rows each time. `id` is a key, `station` and `day` are shared by many rows."""
    draw = random.Random(7)
    minute = timedelta(minutes=43)
    columns = {
        "id": pa.array(range(-50, rows - 50), pa.int64()),
        "station": pa.array([f"k{draw.randrange(rows // 3)}é" for _ in range(rows)]),
        "day": pa.array([date(2023, 11, 1) + timedelta(days=row // 60) for row in range(rows)], pa.date32()),
        "load_mw": _with(draw, [draw.gauss(500, 120) for _ in range(rows)], 0.1, [None, math.nan, math.inf, -math.inf]),
        "price": _with(draw, [math.exp(draw.gauss(0, 3)) - 2 for _ in range(rows)], 0.3, [None]),
        "level": pa.array([draw.choice([0, 1, 1, 2, 7]) for _ in range(rows)], pa.int32()),
        "meter": _with(draw, [draw.randrange(10**9) for _ in range(rows)], 0.05, [None], pa.int64()),
        "constant": pa.array([0.1] * rows),
        "rate": pa.array([None if row % 9 == 0 else f"{draw.randrange(10**7) / 1000:.3f}" for row in range(rows)]).cast(
            pa.decimal128(12, 3)
        ),
        # As many ones as twos among the training rows of a split by id: the median lies between two values.
        "pair": pa.array(_pairs(range(-50, rows - 50)), pa.float64()),
        "sparse": pa.array([float(row) if row % 25 == 0 else None for row in range(rows)], pa.float64()),
        "nothing": pa.nulls(rows, pa.float64()),
        "fuel": _with(draw, [draw.choice(FUELS) for _ in range(rows)], 0.05, [None]),
        "is_peak": _with(draw, [draw.random() < 0.6 for _ in range(rows)], 0.1, [None]),
        "read_at": _with(
            draw, [FIRST + minute * row for row in range(rows)], 0.02, [None], pa.timestamp("us", tz="UTC")
        ),
        "settled": _with(draw, [date(2020, 1, 1) + timedelta(days=row % 1500) for row in range(rows)], 0.02, [None]),
        "cost": _with(draw, [draw.gauss(0, 1) for _ in range(rows)], 0.01, [None]),
    }
    return pa.table(columns)


def _pairs(keys: range) -> list[float | None]:
    buckets = (int(hashlib.md5(f"millrace|{key}".encode()).hexdigest()[:8], 16) % 10_000 for key in keys)
    values: list[float | None] = []
    trained = 0
    for bucket in buckets:
        trained += bucket < 8_000
        values.append(1.0 + trained % 2 if bucket < 8_000 else None)
    if trained % 2:
        values[values.index(2.0)] = None
    return values


def _with(
    draw: random.Random, values: list[object], share: float, instead: list[object], type_: pa.DataType | None = None
) -> pa.Array:
    """A share of the values replaced."""
    return pa.array([draw.choice(instead) if draw.random() < share else value for value in values], type_)
