"""python -m tests.sandbox.markets spp --first 2024-01-01 --days 31 --out DIR: write a market's files of some days."""

from __future__ import annotations

import argparse
import math
from datetime import date, timedelta
from pathlib import Path

from tests.sandbox.markets import WRITERS

FEWEST_FILES = 4  # of a dataset and day: a whole hour of what comes every quarter of one


def main() -> None:
    """Write, and say how much."""
    parser = argparse.ArgumentParser(prog="python -m tests.sandbox.markets", description=__doc__)
    parser.add_argument("market", choices=sorted(WRITERS))
    parser.add_argument("--first", type=date.fromisoformat, default=date(2024, 1, 1), help="the first day")
    parser.add_argument("--days", type=int, default=31)
    parser.add_argument("--dataset", action="append", default=[], help="only this one; may be given more than once")
    parser.add_argument("--scale", type=float, default=1, help="share of the files of a day, the first ones")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    if given.days < 1:
        parser.error(f"{given.days} days: give at least one")
    writers = WRITERS[given.market]
    given.out.mkdir(parents=True, exist_ok=True)
    rows = written = 0
    for dataset in given.dataset or writers:
        for number in range(given.days):
            files = writers[dataset](given.first + timedelta(days=number))
            for file in files[: max(FEWEST_FILES, math.ceil(len(files) * given.scale))]:
                (given.out / file.name).write_bytes(file.content)
                rows, written = rows + len(file.truth), written + 1
    said = f"{rows:,} rows of {len(given.dataset or writers)} datasets in {given.days} days"
    print(f"{said}, {written:,} files in {given.out}")


if __name__ == "__main__":
    main()
