"""python -m tests.sandbox.openshift --rows 10000000 --out DIR: write the reports of a fleet that never was."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from tests.sandbox.openshift import Fleet, write


def main() -> None:
    """Write, and say how much."""
    parser = argparse.ArgumentParser(prog="python -m tests.sandbox.openshift", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="of the pod report, both clusters together")
    parser.add_argument("--days", type=int, default=31)
    parser.add_argument("--first", type=date.fromisoformat, default=Fleet.first, help="the first day")
    parser.add_argument("--csv", action="store_true", help="the operator's payloads instead of Koku's parquet")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    try:
        fleet = Fleet(given.rows, given.days, given.first)
    except ValueError as error:
        parser.error(str(error))
    files = write(fleet, given.out, as_csv=given.csv)
    print(f"{fleet.rows:,} rows of {fleet.pods:,} pods in {fleet.days} days, {files} files in {given.out}")


if __name__ == "__main__":
    main()
